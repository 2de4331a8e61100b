"""How far can a recurrent network count, why does it stop, and can it be made to count for ever?

The public face; everything else may change.

- `train`, `reproduce`: train models into a `Store`; `paper_study`: what `reproduce` trains
- `evaluate`: every run of a store on any words, as a frame
- `make_splits`, `read_words`, `Words`: words
- `Store`: open a store, read its metrics (a frame) and weights (arrays)
- `export_run`, `import_models`, `tensors_of`: models out of a store and into one, by name and tensor
- `counter`, `to_torch`, `from_torch`: networks as plain PyTorch modules, and back
- `UserError`: what a user can fix
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "Store",
    "UserError",
    "Words",
    "__version__",
    "counter",
    "evaluate",
    "export_run",
    "from_torch",
    "import_models",
    "make_splits",
    "paper_study",
    "read_words",
    "reproduce",
    "tensors_of",
    "to_torch",
    "train",
]

if TYPE_CHECKING:
    from longcount.analysis.models import evaluate
    from longcount.errors import UserError
    from longcount.experiments import reproduce, train
    from longcount.languages.files import read_words
    from longcount.languages.splits import make_splits
    from longcount.languages.words import Words
    from longcount.papers.el_naggar_2022 import paper_study
    from longcount.store.exchange import export_run, import_models, tensors_of, to_torch
    from longcount.store.store import Store
    from longcount.training.torch_modules import counter, from_torch

# Imported when asked for: `longcount --help` and a worker that needs one module do not pay for the others.
_MODULES = {
    "Store": "longcount.store.store",
    "UserError": "longcount.errors",
    "Words": "longcount.languages.words",
    "counter": "longcount.training.torch_modules",
    "evaluate": "longcount.analysis.models",
    "export_run": "longcount.store.exchange",
    "from_torch": "longcount.training.torch_modules",
    "import_models": "longcount.store.exchange",
    "make_splits": "longcount.languages.splits",
    "paper_study": "longcount.papers.el_naggar_2022",
    "read_words": "longcount.languages.files",
    "reproduce": "longcount.experiments",
    "tensors_of": "longcount.store.exchange",
    "to_torch": "longcount.store.exchange",
    "train": "longcount.experiments",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'longcount' has no attribute {name!r}")
    if _MODULES[name] == "longcount.training.torch_modules":
        importlib.import_module("longcount.training.pytorch").need_torch()
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
