"""Papers: what each trains and prints, and what of it holds here; one file, or package, per paper."""

from longcount.papers.el_naggar_2022 import PAPER as EL_NAGGAR_2022
from longcount.papers.gers_2001 import PAPER as GERS_2001
from longcount.papers.lan_2024 import PAPER as LAN_2024
from longcount.papers.paper import Paper, kind_of
from longcount.papers.suzgun_2019 import PAPER as SUZGUN_2019

PAPERS: dict[str, Paper] = {paper.name: paper for paper in (EL_NAGGAR_2022, SUZGUN_2019, LAN_2024, GERS_2001)}
"""Every built-in paper by name, the default first."""

KIND = kind_of(PAPERS)

__all__ = ["KIND", "PAPERS", "Paper"]
