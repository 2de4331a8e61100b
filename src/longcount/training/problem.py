"""The problem that networks are trained on: a task over the words of a language, as the engines take it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount import languages
from longcount.cells.network import Question
from longcount.languages import tasks
from longcount.languages.language import Language
from longcount.languages.tasks import Task
from longcount.languages.words import Words, read_only


class Problem(NamedTuple):
    """A language and a task over its words."""

    language: Language
    task: Task
    question: Question

    @property
    def letters(self) -> int:
        """Inputs of a network, one for each letter."""
        return len(self.language.letters)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of a network's outputs."""
        return self.task.outputs(self.language)

    @property
    def loss(self) -> str:
        """The loss reported for models, whatever they are trained with, so that conditions can be compared: the mean
        squared error, for a distribution the cross-entropy."""
        return "mse" if self.question.link == "sigmoid" else "ce"

    def targets(self, words: Words) -> np.ndarray:
        """The targets, as the engines take them: uint8 [tokens, outputs], of a softmax [tokens, 2 outputs]; read-only.

        Raises:
            ValueError: the words are over other letters.
        """
        return _targets(self, words)

    def allowed_targets(self, words: Words) -> np.ndarray:
        """Targets under which the loss of a network that is right is nearly 0, as `targets`: of a distribution all that
        may come counts alike, whichever of it comes, so no chance remains."""
        targets = self.targets(words)
        if self.question.link == "sigmoid":
            return targets
        return np.tile(targets[:, : len(self.outputs)], 2)


def problem(language: Language, task: Task = tasks.NEXT_LETTERS, threshold: float | None = None) -> Problem:
    """A task over a language.

    Args:
        language: whose words are read.
        task: the task.
        threshold: between yes and no; default: the task's.
    """
    return Problem(
        language, task, Question(task.link, task.answers, task.threshold if threshold is None else threshold)
    )


@lru_cache(maxsize=16)
def _targets(asked: Problem, words: Words) -> np.ndarray:
    """Found once for the same words: every block of a study needs them again."""
    return read_only(asked.task.targets(asked.language, words))


DYCK1 = problem(languages.DYCK1)
"""The first paper's."""
