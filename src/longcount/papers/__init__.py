"""Papers: what each trains and prints, and what of it holds here; one file, or package, per paper."""

from longcount.papers.bhattamishra_2020 import PAPER as BHATTAMISHRA_2020
from longcount.papers.el_naggar_2022 import PAPER as EL_NAGGAR_2022
from longcount.papers.el_naggar_2023_linear import PAPER as EL_NAGGAR_2023_LINEAR
from longcount.papers.el_naggar_2023_relu import PAPER as EL_NAGGAR_2023_RELU
from longcount.papers.gers_2001 import PAPER as GERS_2001
from longcount.papers.lan_2024 import PAPER as LAN_2024
from longcount.papers.paper import Paper, kind_of
from longcount.papers.sarrof_2024 import PAPER as SARROF_2024
from longcount.papers.suzgun_2019 import PAPER as SUZGUN_2019
from longcount.papers.suzgun_2019_dynamic import PAPER as SUZGUN_2019_DYNAMIC
from longcount.papers.weiss_2018 import PAPER as WEISS_2018

PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        EL_NAGGAR_2022,
        SUZGUN_2019,
        SUZGUN_2019_DYNAMIC,
        WEISS_2018,
        EL_NAGGAR_2023_LINEAR,
        EL_NAGGAR_2023_RELU,
        BHATTAMISHRA_2020,
        SARROF_2024,
        LAN_2024,
        GERS_2001,
    )
}
"""Every built-in paper by name, the default first."""

KIND = kind_of(PAPERS)

__all__ = ["KIND", "PAPERS", "Paper"]
