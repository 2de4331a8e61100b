"""Answers that need no network, to hold every result against: the best from the last letter alone, and for Dyck-1 the
constant and the perfect answer."""

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from longcount.engine import Evaluation
from longcount.languages import dyck
from longcount.training.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

    from longcount.languages.words import Words

WITHOUT_MEMORY = "without memory"
"""The name of the first in tables."""


class WithoutMemory(NamedTuple):
    """The best answer from the last letter alone; letters that were not met get that of all together."""

    problem: Problem
    answers: np.ndarray
    """What it says of every output, bool [letters, outputs]: what is right most often after the letter."""
    shares: np.ndarray
    """float64 [letters, outputs]: how often each output is right; of a distribution, how often each one comes."""

    def evaluate(self, words: "Words") -> Evaluation:
        """Loss (see `Problem.loss`) and first point of failure on every word, as of one model."""
        tokens, asked = words.tokens, _asked(self.problem, words)
        right, coming = _right_and_coming(self.problem, words)
        if self.problem.question.link == "softmax":
            with np.errstate(divide="ignore"):
                terms = -np.maximum(np.log((self.shares[tokens] * coming).sum(axis=1)), -100.0)
        else:
            terms = np.square(self.shares[tokens] - right).mean(axis=1)
        wrong = asked & (self.answers[tokens] != right).any(axis=1)
        sums = np.bincount(_owners(words), terms * asked, minlength=len(words))
        with np.errstate(invalid="ignore"):
            loss = sums / np.bincount(_owners(words), asked, minlength=len(words))
        return Evaluation(loss[None], _first(wrong, words)[None], words.lengths)


def without_memory(problem: Problem, training: "Words") -> WithoutMemory:
    """The baseline without memory of a task about a language, fitted on the training words."""
    asked = _asked(problem, training)
    right, coming = (part[asked] for part in _right_and_coming(problem, training))
    tokens = training.tokens[asked]
    answers = np.zeros((problem.letters, right.shape[1]), bool)
    shares = np.zeros((problem.letters, right.shape[1]))
    for letter in range(problem.letters):
        here = tokens == letter if (tokens == letter).any() else np.ones(len(tokens), bool)
        kinds, counts = np.unique(right[here], axis=0, return_counts=True)
        answers[letter] = kinds[counts.argmax()]
        shares[letter] = (coming if problem.question.link == "softmax" else right)[here].mean(axis=0)
    return WithoutMemory(problem, answers, shares)


def _right_and_coming(problem: Problem, words: "Words") -> "tuple[np.ndarray, np.ndarray]":
    """What is right after every token and what comes, uint8 [T, outputs] both (the same where nothing is predicted)."""
    targets, outputs = problem.targets(words), len(problem.outputs)
    return targets[:, :outputs], targets[:, -outputs:]


def _asked(problem: Problem, words: "Words") -> np.ndarray:
    """After which tokens something is asked, bool [T]."""
    asked = np.full(len(words.tokens), problem.question.answers == "token")
    asked[words.offsets[1:][words.lengths > 0] - 1] = True
    return asked


def _owners(words: "Words") -> np.ndarray:
    """The word of every token, int64 [T]."""
    return np.repeat(np.arange(len(words)), words.lengths)


BASELINES = ("constant", "perfect")


def baseline_outputs(name: str, words: "Words") -> np.ndarray:
    """What a baseline says at every token, uint8 [T, 2]: may ``(``, may ``)`` follow.

    ``constant`` says that both always may. ``perfect`` counts brackets with an integer.

    Raises:
        ValueError: for another name.
    """
    said = np.ones((words.tokens.size, 2), np.uint8)
    if name == "perfect":
        steps = np.cumsum(np.where(words.tokens == 0, 1, -1))
        before = np.concatenate([[0], steps])[words.offsets[:-1]]
        said[:, 1] = steps - np.repeat(before, words.lengths) > 0
    elif name != "constant":
        raise ValueError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    return said


def first_failures(said: np.ndarray, words: "Words") -> np.ndarray:
    """Index of the first wrong token of each word, int64 [N]; the word's length where none is wrong."""
    return _first((said != dyck.targets(words)).any(axis=1), words)


def _first(wrong: np.ndarray, words: "Words") -> np.ndarray:
    """The index of the first wrong token (bool [T]) of each word, int64 [N]; the word's length where there is none."""
    owners = _owners(words)
    failures = words.lengths.astype(np.int64).copy()
    np.minimum.at(failures, owners[wrong], (np.arange(len(wrong)) - words.offsets[owners])[wrong])
    return failures


def baseline_metrics(splits: "dict[str, Words]") -> "pd.DataFrame":
    """Accuracy (percent of words), mean first point of failure and unfailed words of both baselines on every split.

    Returns:
        Frame with columns baseline (``constant`` or ``perfect``), split, accuracy, fpf_mean, fpf_min, unfailed (words),
        words.
    """
    import pandas as pd

    rows = []
    for name in BASELINES:
        for split, words in splits.items():
            failures = first_failures(baseline_outputs(name, words), words)
            right = failures == words.lengths
            rows.append(
                {
                    "baseline": name,
                    "split": split,
                    "accuracy": 100.0 * right.mean(),
                    "fpf_mean": failures.mean(),
                    "fpf_min": int(failures.min()),
                    "unfailed": int(right.sum()),
                    "words": len(words),
                }
            )
    return pd.DataFrame(rows)


LONGEST_TRIED = 12

SHORT_WORDS = 2_000
"""Words, at most about, that are tried for the first token at which the baseline without memory fails."""


def memoryless_metrics(problem: Problem, training: "Words", words: "Words") -> "pd.DataFrame":
    """The baseline without memory on words, and the perfect answer beside it.

    Args:
        problem: the language and what is asked.
        training: the words that the baseline is fitted on.
        words: it is asked about.

    Returns:
        Frame with two rows and the columns of `baseline_metrics` but for the split, and worst: the first token at which
        any word makes it fail, infinite where none does.
    """
    import pandas as pd

    baseline = without_memory(problem, training)
    found, shortest = baseline.evaluate(words), baseline.evaluate(_shortest(problem))
    failing = shortest.first_failure[~shortest.correct]
    rows = [
        {
            "baseline": WITHOUT_MEMORY,
            "accuracy": 100.0 * found.correct.mean(),
            "fpf_mean": found.first_failure.mean(),
            "fpf_min": int(found.first_failure.min()),
            "unfailed": int(found.correct.sum()),
            "worst": float(min(failing, default=np.inf)),
        },
        {
            "baseline": "perfect",
            "accuracy": 100.0,
            "fpf_mean": words.lengths.mean(),
            "fpf_min": int(words.lengths.min()),
            "unfailed": len(words),
            "worst": np.inf,
        },
    ]
    return pd.DataFrame(rows).assign(words=len(words))


def _shortest(problem: Problem) -> "Words":
    """The shortest words of a language; the first failures of the baseline without memory are among their prefixes."""
    from longcount.languages.words import Words

    found: list[str] = []
    length = 0
    while len(found) < SHORT_WORDS and length < LONGEST_TRIED:
        length += 1
        found += itertools.islice(problem.language.enumerate(length), SHORT_WORDS)
    return Words.from_strings(found, problem.language.letters)
