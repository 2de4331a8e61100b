"""Two answers that need no training, to hold every average first point of failure against."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.languages import dyck

if TYPE_CHECKING:
    import pandas as pd

    from longcount.languages.words import Words

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
    wrong = (said != dyck.targets(words)).any(axis=1)
    within = np.arange(wrong.size) - np.repeat(words.offsets[:-1], words.lengths)
    failures = words.lengths.astype(np.int64).copy()
    owner = np.repeat(np.arange(len(words)), words.lengths)
    np.minimum.at(failures, owner[wrong], within[wrong])
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
