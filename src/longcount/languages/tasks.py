"""Tasks: when a network that reads the words of a language has to answer, and which answers are right.

A network reads the letters up to a token and answers after it; there is no answer before the first letter. Symbols: T
tokens in all, L letters of the language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import END, Language
from longcount.languages.machine import Machine
from longcount.languages.words import Words
from longcount.registry import Kind, what_it_is

MEMBER = "member"
"""The name of a recogniser's only output."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A question after every token, or after the last token of a word only, and how answers are read."""

    name: str
    description: str
    """The question, in one line."""
    link: Literal["sigmoid", "softmax"]
    """From the readout's pre-activations to the outputs: each by itself, or a distribution over them."""
    answers: Literal["token", "word"]
    threshold: float
    """Default threshold: a sigmoid says yes from here on, a softmax above it."""
    losses: tuple[str, ...]
    """The losses that it can be trained with, the default first."""
    outputs: Callable[[Language], tuple[str, ...]]
    """Names of the outputs."""
    targets: Callable[[Language, Words], np.ndarray]
    """The targets, as the engine takes them: uint8 [T, outputs]; of a softmax [T, 2 outputs], the outputs allowed and
    then the one that comes."""
    wrong_words: bool = False
    """Whether there are words outside the language, too."""
    near_misses: bool = False
    """Whether some of them are near misses: it matters whether a word is right, and not only which class it is of."""


def _next_outputs(language: Language) -> tuple[str, ...]:
    return language.outputs


def _next_targets(language: Language, words: Words) -> np.ndarray:
    return language.targets(words)


def _member_outputs(language: Language) -> tuple[str, ...]:
    return (MEMBER,)


def _member_targets(language: Language, words: Words) -> np.ndarray:
    return np.repeat(language.members(words), words.lengths).astype(np.uint8)[:, None]


def _all_outputs(language: Language) -> tuple[str, ...]:
    return (*language.letters, END)


def _coming_targets(language: Language, words: Words) -> np.ndarray:
    end = len(language.letters)
    coming = np.full(len(words.tokens), end, np.int64)
    coming[:-1] = words.tokens[1:]
    coming[words.offsets[1:][words.lengths > 0] - 1] = end
    return np.concatenate([language.allowed(words), np.eye(end + 1, dtype=np.uint8)[coming]], axis=1)


def _class_outputs(language: Language) -> tuple[str, ...]:
    return _with_classes(language).class_names


def _class_targets(language: Language, words: Words) -> np.ndarray:
    return np.tile(_with_classes(language).classes_after(words), 2)


def _with_classes(language: Language) -> Machine:
    if not (isinstance(language, Machine) and language.classes):
        raise UserError(f"{language.name} has no classes of strings for the task classify, as balance has")
    return language


NEXT_LETTERS = Task(
    name="next_letters",
    description="after every token, which letters (and, where the language has it, the end) may come next",
    link="sigmoid",
    answers="token",
    threshold=0.5,
    losses=("mse", "bce"),
    outputs=_next_outputs,
    targets=_next_targets,
)

RECOGNISE = Task(
    name="recognise",
    description="after the last token, whether the word belongs to the language; half of the words do not",
    link="sigmoid",
    answers="word",
    threshold=0.5,
    losses=("bce", "mse"),
    outputs=_member_outputs,
    targets=_member_targets,
    wrong_words=True,
    near_misses=True,
)

PREDICT = Task(
    name="predict",
    description="after every token, a distribution over the letter that comes next, or the end",
    link="softmax",
    answers="token",
    threshold=0.005,
    losses=("ce",),
    outputs=_all_outputs,
    targets=_coming_targets,
)

CLASSIFY = Task(
    name="classify",
    description="after the last token, a distribution over the classes that strings fall into (balance has some)",
    link="softmax",
    answers="word",
    threshold=0.5,
    losses=("ce",),
    outputs=_class_outputs,
    targets=_class_targets,
    wrong_words=True,
)

TASKS: dict[str, Task] = {task.name: task for task in (NEXT_LETTERS, RECOGNISE, PREDICT, CLASSIFY)}
"""Every task by name, the default first."""


def _refusal(part: Any) -> str | None:
    return None if isinstance(part, Task) else what_it_is(part)


KIND = Kind(
    "task",
    "tasks",
    TASKS,
    "a longcount.languages.tasks.Task",
    _refusal,
    line_of=lambda task: task.description,
)


def get(name: str) -> Task:
    """The task of that name, built in or offered by an installed package, or of `module:Name`; UserError where there
    is none.

    >>> from longcount import languages
    >>> counting, word = languages.get("an_bn"), Words.from_strings(["aabb"], "ab")
    >>> get("next_letters").outputs(counting), get("next_letters").targets(counting, word)[1].tolist()
    (('a', 'b', 'end'), [1, 1, 0])
    >>> get("recognise").targets(counting, word)[-1].tolist(), get("predict").targets(counting, word)[1].tolist()
    ([1], [1, 1, 0, 0, 1, 0])
    """
    return KIND.get(name)


def asked(task: Task, language: Language, words: Words) -> list[dict[str, Any]]:
    """The targets of each word, as `longcount data targets` prints them.

    Returns:
        For each word `word`; `member`; `first_bad`, the index of the first letter that no word of the language
        continues with, the word's length where it merely stops too early, None for members; `targets`, for each token
        a list of 0 and 1, one for each output of the task, or None where the network does not answer after it.

    >>> from longcount import languages
    >>> asked(RECOGNISE, languages.get("an_bn"), Words.from_strings(["aab"], "ab"))
    [{'word': 'aab', 'member': False, 'first_bad': 3, 'targets': [None, None, [0]]}]
    """
    bad = language.first_bad_tokens(words)
    targets = task.targets(language, words)[:, : len(task.outputs(language))].tolist()
    rows = []
    for word, text in enumerate(words.strings()):
        of_word: list[list[int] | None] = targets[words.offsets[word] : words.offsets[word + 1]]
        if task.answers == "word":
            of_word[:-1] = [None] * (len(of_word) - 1)
        first_bad = None if bad[word] < 0 else int(bad[word])
        rows.append({"word": text, "member": first_bad is None, "first_bad": first_bad, "targets": of_word})
    return rows
