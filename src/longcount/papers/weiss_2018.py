"""Weiss, Goldberg and Yahav (2018): LSTMs and GRUs as predictors of aⁿbⁿ and aⁿbⁿcⁿ with a threshold, and the GRU as
their released code computes it, without its reset gate.

A word is accepted where every letter, and the end after the last, has a probability above the threshold when its turn
comes. Both kinds of mistakes are asked for: the first n whose word is rejected, and the first n of which a near miss,
the word with one letter more or one less in one of its blocks, is accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from longcount.analysis import counting
from longcount.papers.asking import first_failing_n, present
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings, middle
from longcount.papers.measuring import best
from longcount.papers.paper import Departure, Measure, Paper, Published
from longcount.training.protocol import Condition, Study
from longcount.training.study_files import build_study

REFERENCE = (
    "G. Weiss, Y. Goldberg, E. Yahav. On the Practical Computational Power of Finite Precision RNNs for Language "
    "Recognition. ACL 2018. arXiv:1805.04908."
)
NETWORKS = "github.com/tech-srl/counting_dimensions, commit 8dccf21c, trained_rnns/, one released network, judged here"
CELLS = {"lstm": "LSTM", "gru": "GRU", "gru_without_reset": "GRU without reset gate"}
LANGUAGES = {"an_bn": "aⁿbⁿ", "an_bn_cn": "aⁿbⁿcⁿ"}
TRAINED = {"an_bn": 99, "an_bn_cn": 49}
"""The largest n that networks are trained on."""
TRIED = {"an_bn": 1_000, "an_bn_cn": 60}
"""The largest n that the released notebook tries."""
REJECTED, ACCEPTED = "first_rejected_n", "first_near_miss_n"
LARGEST_N, LARGEST_NEAR_MISS = 1_000, 500


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """Three cells of 10 units whose start is learned, on two languages."""
    words: dict[str, Any] = {"training_words": 1_000, "validation_words": 100}
    windows = {
        name: {"words.training_n": f"1-{n}", "words.long_n": f"{n + 1}-{2 * n}",
               "words.very_long_n": f"{2 * n + 1}-{3 * n}"} for name, n in TRAINED.items()
    }  # fmt: skip
    grid = [{"cell": list(CELLS), "language": name, **windows[name]} for name in LANGUAGES]
    fields = {"task": "predict", "hidden_size": 10, "start": "learned", "learning_rate": 0.001, "epochs": 100}
    tables = {"name": "weiss-2018", "seed": seed, "runs": runs, **fields, "words": words, "grid": grid}
    if data is not None:
        words["directory"] = str(data)
    return build_study(tables, where="reproduce")


def arm_of(condition: Condition) -> str:
    """The cell and the language."""
    return _arm(condition.cell, condition.language)


def _arm(cell: str, language: str) -> str:
    return f"{CELLS[cell]}, {LANGUAGES[language]}"


def _ahead(measure: str, statement: str, section: str) -> Callable[[Findings], Claim | None]:
    """For each language and each GRU: the median LSTM holds out to at least twice the n."""

    def rule(found: Findings) -> Claim | None:
        pairs = [(_arm("lstm", language), _arm(cell, language)) for language in LANGUAGES for cell in list(CELLS)[1:]]
        pairs = [pair for pair in pairs if len(present(found, list(pair), measure)) == 2]
        if not pairs:
            return None
        middles = {arm: middle(found.values(arm, measure), "median") for pair in pairs for arm in pair}
        ahead = sum(middles[lstm] > middles[gru] and middles[lstm] >= 2 * middles[gru] for lstm, gru in pairs)
        measured = "medians: " + "; ".join(f"{arm} {_told(value)}" for arm, value in middles.items())
        runs = sum(len(found.values(arm, measure)) for arm in middles)
        return Claim(section, statement, measured, runs, verdict(ahead, len(pairs)))

    return rule


def lstm_accepts_what_was_tried(found: Findings) -> Claim | None:
    """For a language: the median LSTM rejects no word of the n that the notebook tries."""
    known = present(found, [_arm("lstm", language) for language in LANGUAGES], REJECTED)
    if not known:
        return None
    tried = {_arm("lstm", language): n for language, n in TRIED.items()}
    none = {arm: found.values(arm, REJECTED) > tried[arm] for arm in known}
    good = sum(middle(found.values(arm, REJECTED), "median") > tried[arm] for arm in known)
    measured = "; ".join(
        f"{arm}: {share(int(none[arm].sum()), len(none[arm]))} reject none up to n = {tried[arm]:,}" for arm in known
    )
    statement = "LSTMs accept the words of aⁿbⁿ up to n = 1,000, of aⁿbⁿcⁿ up to 60 (the median one)."
    return Claim("notebook", statement, measured, sum(map(len, none.values())), verdict(good, len(known)))


def accepting_is_counting(found: Findings) -> Claim | None:
    """No network that accepts all right words of its training's n accepts a near miss of one of them."""
    accepting = counting_ones = 0
    for cell in CELLS:
        for language, n in TRAINED.items():
            arm = _arm(cell, language)
            rejects, accepts = found.values(arm, REJECTED), found.values(arm, ACCEPTED)
            if len(rejects) and len(rejects) == len(accepts):
                accepting += int((rejects > n).sum())
                counting_ones += int(((rejects > n) & (accepts > n)).sum())
    if not accepting:
        return None
    statement = "A network that accepts every word of the n it was trained on has learned the language up to that n."
    measured = f"of those networks, {share(counting_ones, accepting)} accept no near miss of these n either"
    return Claim("method", statement, measured, accepting, HOLDS if counting_ones == accepting else DOES_NOT_HOLD)


def _told(n: float) -> str:
    return "none" if np.isinf(n) else f"{n:g}"


PAPER = Paper(
    "weiss-2018",
    REFERENCE,
    16,
    study,
    title="LSTM and GRU as predictors of aⁿbⁿ and aⁿbⁿcⁿ",
    reproduces="first rejected n and first near miss that is accepted; GRU with its reset gate and without",
    minutes=2,
    arm_of=arm_of,
    measures=(
        Measure(REJECTED, "first rejected n", lambda one, words: counting.first_rejected_n(one, LARGEST_N), best,
                middle="median"),
        Measure(ACCEPTED, f"first n of which a near miss is accepted (tried: {LARGEST_NEAR_MISS})",
                lambda one, words: counting.first_near_miss_n(one, LARGEST_NEAR_MISS), best, middle="median"),
        first_failing_n(LARGEST_N),
    ),
    published=tuple(
        Published(_arm(cell, language), measure, value, NETWORKS, "reported", 1)
        for cell, language, values in (
            ("lstm", "an_bn", (float("inf"), 440)),  # rejects none, accepts a⁴⁴¹b⁴⁴⁰
            ("lstm", "an_bn_cn", (65, 57)),  # accepts a⁵⁸b⁵⁷c⁵⁷
            ("gru_without_reset", "an_bn", (116, 1)),  # accepts ab²
            ("gru_without_reset", "an_bn_cn", (51, 26)),  # accepts a²⁵b²⁶c²⁶
        )
        for measure, value in zip((REJECTED, ACCEPTED), values, strict=True)
    ),
    rules=(
        lstm_accepts_what_was_tried,
        _ahead(REJECTED, "LSTMs accept right words much further than GRUs (twice the n before one is rejected).",
               "notebook"),
        _ahead(ACCEPTED, "LSTMs reject near misses much further than GRUs (twice the n).", "released networks"),
        accepting_is_counting,
    ),
    departures=(
        Departure("letters embedded in three numbers that are learned", "one-hot letters", "an embedding can be folded "
                  "into the input weights: the same networks"),
        Departure("the first letter is predicted, too", "nothing is asked before the first letter", "so in any task "
                  "here; every word begins with a"),
        Departure("released networks of 10 units, in their program two layers of 5", "one layer of 10 units", "as the "
                  "released networks"),
        Departure("how many words, and for how long, could not be read", "1,000 words with n uniform, 100 epochs of "
                  "one word an update, Adam at 0.001; best epoch", "minutes on two cores"),
        Departure("their GRU computes z h + (1 - z) n", "(h - n) z + n, as PyTorch", "so that the reset gate is the "
                  "only difference between our two"),
    ),
)  # fmt: skip
