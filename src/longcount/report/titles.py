"""Titles and captions: the names of splits, and of the languages and tasks of a store's networks."""

from typing import TYPE_CHECKING

from longcount.analysis.selection import in_order, where

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

SPLIT_TITLES = {
    "training": "Training",
    "validation": "Validation",
    "long": "Long",
    "very_long": "Very Long",
    "zigzag": "Zigzag",
}
_LANGUAGES = {"dyck1": "Dyck-1"}


def problems_of(results: "Results") -> list[tuple[str, str]]:
    """The languages and tasks of a store, in the study's order."""
    models = results["models"]
    return list(dict.fromkeys(zip(models["language"], models["task"], strict=True)))


def conditions_of(results: "Results", language: str, task: str) -> list[str]:
    """The conditions trained for this task, those of the paper first."""
    return in_order(where(results["models"], language=language, task=task)["condition"])


def problem_title(language: str, task: str) -> str:
    """A language and a task for people.

    >>> problem_title("dyck1", "next_letters"), problem_title("an_bn", "predict")
    ('Dyck-1, next letters', 'an_bn, predict')
    """
    return f"{_LANGUAGES.get(language, language)}, {task.replace('_', ' ')}"
