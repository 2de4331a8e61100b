"""Sarrof, Veitsman and Hahn (2024): state-space models on counter languages, in three bins of lengths; S6 and minGRU of
ours beside the published Mamba and Transformer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from longcount.papers import counter_languages
from longcount.papers.asking import means, present
from longcount.papers.claims import Claim, verdict
from longcount.papers.counter_languages import BINS, COPIED, LANGUAGES, TRANSFORMER
from longcount.papers.findings import Findings
from longcount.papers.paper import Paper, Published
from longcount.training.protocol import Study

REFERENCE = (
    "Y. Sarrof, Y. Veitsman, M. Hahn. The Expressive Capacity of State Space Models: A Formal Language Perspective. "
    "NeurIPS 2024. arXiv:2405.17394."
)
RESULTS = "ssm_expressivity, commit 5b87520c, visualisation/main_expt_results.xlsx, Mamba of 3 layers"
UNREAD = "ssm_expressivity, commit 5b87520c, visualisation/main_expt_results.xlsx; not in what could be read"
CELLS = {"s6": "S6", "mingru": "minGRU"}
MAMBA = {
    "Dyck-1": (100, 54.0, 10.0), "Shuffle-2": (100, 65.5, 9.7), "Shuffle-6": (100, 59.6, 9.9),
    "Boolean-3": (100, 73.5, 8.6), "aⁿbⁿ": (100, 21.3, 0), "aⁿbⁿcⁿ": (100, 5.1, 0),
}  # fmt: skip
"""Percent of the words of each bin."""
GOOD, POOR = 99.0, 50.0


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """See `longcount.papers.counter_languages`."""
    return counter_languages.study_of("sarrof-2024", CELLS, runs, seed, data)


def learned_at_training_lengths(found: Findings) -> Claim | None:
    """For a language: S6 gets at least 99% of the words of bin 1 right on average."""
    arms = present(found, [f"S6, {name}" for name in MAMBA], BINS[0])
    if not arms:
        return None
    good = sum(float(found.values(arm, BINS[0]).mean()) >= GOOD for arm in arms)
    statement = f"State-space models learn counter languages at the lengths of training ({GOOD:g} % of bin 1)."
    runs = sum(len(found.values(arm, BINS[0])) for arm in arms)
    return Claim("results table", statement, f"{means(found, arms, BINS[0])} %", runs, verdict(good, len(arms)))


def lost_at_three_times(found: Findings) -> Claim | None:
    """For a language: S6 gets fewer than half of the words of bin 3 right on average."""
    arms = present(found, [f"S6, {name}" for name in MAMBA], BINS[2])
    if not arms:
        return None
    lost = sum(float(found.values(arm, BINS[2]).mean()) < POOR for arm in arms)
    statement = "They do not generalise to three times the length (less than half of the words of bin 3)."
    runs = sum(len(found.values(arm, BINS[2])) for arm in arms)
    return Claim("results table", statement, f"{means(found, arms, BINS[2])} %", runs, verdict(lost, len(arms)))


PAPER = Paper(
    "sarrof-2024",
    REFERENCE,
    10,
    study,
    title="Counter languages in three bins of lengths: S6 and minGRU",
    reproduces="nine languages beside the published Mamba and Transformer, and the worst case within the bins",
    minutes=1,
    arm_of=partial(counter_languages.arm_of, CELLS),
    measures=counter_languages.measures(),
    published=(
        *(Published(f"S6, {name}", measure, value, RESULTS, "reported", row="Mamba")
          for name, values in MAMBA.items() for measure, value in zip(BINS, values, strict=True)),
        *(Published(f"S6, {name}", measure, None, UNREAD, "reported", row="Mamba")
          for name in LANGUAGES.values() if name not in MAMBA for measure in BINS),
        *(Published(f"S6, {name}", measure, value, COPIED, "reported", row="Transformer")
          for name, values in TRANSFORMER.items() for measure, value in zip(BINS, values, strict=True)),
    ),
    rules=(learned_at_training_lengths, lost_at_three_times, counter_languages.right_everywhere_means_counting),
    departures=counter_languages.departures(
        "Mamba of 1 to 3 layers with 64 or 128 channels", f"one layer of {counter_languages.UNITS} units", "wider ones "
        "need PyTorch, where S6 takes its steps one by one: hours"),
)  # fmt: skip
