"""Bhattamishra, Ahuja and Goyal (2020): Transformers and LSTMs on counter languages, in three bins of lengths; small
LSTMs, GRUs and ReLU networks of ours, and LSTMs as wide as theirs, beside the published Transformer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from longcount.papers import counter_languages
from longcount.papers.asking import present
from longcount.papers.claims import Claim, verdict
from longcount.papers.counter_languages import BINS, COPIED, LANGUAGES, TRANSFORMER
from longcount.papers.findings import Findings
from longcount.papers.paper import Paper, Published
from longcount.training.protocol import Study

REFERENCE = (
    "S. Bhattamishra, K. Ahuja, N. Goyal. On the Ability and Limitations of Transformers to Recognize Formal "
    "Languages. EMNLP 2020. arXiv:2009.11264."
)
UNREAD = "arXiv:2009.11264, table of counter languages; not in the data that could be read"
CELLS = {"lstm": "LSTM", "gru": "GRU", "relu": "ReLU"}
WIDE = "LSTM of 64 units"


def study(runs: int, seed: int, data: Path | None = None) -> Study:
    """See `longcount.papers.counter_languages`; wide LSTMs as in the defaults of the released code (src/args.py of
    Transformer-Formal-Languages), which the fast engine is too narrow for."""
    wider = {"cell": "lstm", "hidden_size": 64, "engine": "torch", "optimiser": "rmsprop", "learning_rate": 0.005,
             "batch_size": 32, "epochs": 25}  # fmt: skip
    return counter_languages.study_of("bhattamishra-2020", CELLS, runs, seed, data, wider)


def transformer_ahead(found: Findings) -> Claim | None:
    """For a language and a size: the published Transformer gets more of the words of bin 3 right than our LSTMs on
    average."""
    arms = {f"{lstm}, {name}": values[2] for lstm in ("LSTM", WIDE) for name, values in TRANSFORMER.items()}
    known = present(found, list(arms), BINS[2])
    if not known:
        return None
    means = {arm: float(found.values(arm, BINS[2]).mean()) for arm in known}
    ahead = sum(arms[arm] > mean for arm, mean in means.items())
    measured = "bin 3, mean of ours / Transformer, in %: "
    measured += "; ".join(f"{arm} {mean:.1f} / {arms[arm]}" for arm, mean in means.items())
    statement = f"The Transformer generalises better than LSTMs of {counter_languages.UNITS} and of 64 units."
    runs = sum(len(found.values(arm, BINS[2])) for arm in known)
    return Claim("table of counter languages", statement, measured, runs, verdict(ahead, len(known)))


PAPER = Paper(
    "bhattamishra-2020",
    REFERENCE,
    10,
    study,
    title="Counter languages in three bins of lengths: LSTM, GRU, ReLU",
    reproduces="nine languages beside the published Transformer, and the worst case within the bins",
    minutes=4,
    arm_of=partial(counter_languages.arm_of, CELLS),
    measures=counter_languages.measures(),
    published=(
        *(Published(f"{WIDE}, {name}", measure, None, UNREAD, "reported") for name in LANGUAGES.values()
          for measure in BINS),
        *(Published(f"{lstm}, {name}", measure, value, COPIED, "reported", row="Transformer") for lstm in ("LSTM", WIDE)
          for name, values in TRANSFORMER.items() for measure, value in zip(BINS, values, strict=True)),
    ),
    rules=(transformer_ahead, counter_languages.right_everywhere_means_counting),
    departures=counter_languages.departures(
        "LSTMs, of 64 units by default, and Transformers",
        f"one layer of {counter_languages.UNITS} units; and LSTMs of 64 by PyTorch (RMSprop at 0.005, batches of 32, "
        "25 epochs), a tenth as many",
        "PyTorch takes half a minute for each of these"),
)  # fmt: skip
