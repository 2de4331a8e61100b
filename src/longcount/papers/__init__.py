"""Papers: what each trains and prints, and what of it holds here; one package per paper."""

from longcount.papers.el_naggar_2022 import PAPER as EL_NAGGAR_2022
from longcount.papers.paper import Paper, kind_of

PAPERS: dict[str, Paper] = {paper.name: paper for paper in (EL_NAGGAR_2022,)}
"""Every built-in paper by name, the default first."""

KIND = kind_of(PAPERS)

__all__ = ["KIND", "PAPERS", "Paper"]
