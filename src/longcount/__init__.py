"""How far can a recurrent network count, why does it stop, and can it be made to count for ever?

The public face; everything else may change.

- `train`, `reproduce`: train models into a `Store`; `paper_study`: what `reproduce` trains
- `evaluate`: every run of a store on any words, as a frame
- `make_splits`, `read_words`, `Words`: words
- `Store`: open a store, read its metrics (a frame) and weights (arrays)
- `UserError`: what a user can mend
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Store",
    "UserError",
    "Words",
    "__version__",
    "evaluate",
    "make_splits",
    "paper_study",
    "read_words",
    "reproduce",
    "train",
]

if TYPE_CHECKING:
    from longcount.analysis.models import evaluate
    from longcount.errors import UserError
    from longcount.experiments import paper_study, reproduce, train
    from longcount.languages.files import read_words
    from longcount.languages.splits import make_splits
    from longcount.languages.words import Words
    from longcount.studies.store import Store

# Imported when asked for: `longcount --help` and a worker that needs one room do not pay for the others.
_ROOMS = {
    "Store": "longcount.studies.store",
    "UserError": "longcount.errors",
    "Words": "longcount.languages.words",
    "evaluate": "longcount.analysis.models",
    "make_splits": "longcount.languages.splits",
    "paper_study": "longcount.experiments",
    "read_words": "longcount.languages.files",
    "reproduce": "longcount.experiments",
    "train": "longcount.experiments",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'longcount' has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
