"""How far can a recurrent network count, why does it stop, and can it be made to count for ever?

The public face; everything else may change. Each function is what the command of its name does. Wherever a store is
asked for, a `Store` or its folder is taken.

- `train`, `run_study`, `reproduce`, `leaderboard`: train models into a `Store`; `paper_study`: what `reproduce` trains
- `construct`, `repair`, `import_models`: models that were not trained here, in a `Store` of their own
- `evaluate`, `certify`, `extract`, `compare`, `factors`, `trace`: what is asked of the models of a store, as a frame
- `figures`: those of a store's report, which a notebook draws
- `make_splits`, `read_words`, `Words`: words
- `Store`: open a store, read its metrics (a frame) and weights (arrays)
- `export_run`, `tensors_of`, `to_torch`: models out of a store
- `counter`, `from_torch`: networks as plain PyTorch modules, and back
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
    "certify",
    "compare",
    "construct",
    "counter",
    "evaluate",
    "export_run",
    "extract",
    "factors",
    "figures",
    "from_torch",
    "import_models",
    "leaderboard",
    "make_splits",
    "paper_study",
    "read_words",
    "repair",
    "reproduce",
    "run_study",
    "tensors_of",
    "to_torch",
    "trace",
    "train",
]

if TYPE_CHECKING:
    from longcount.analysis.certificates import certify_store as certify
    from longcount.analysis.comparison import compare
    from longcount.analysis.factors import one_factor_at_a_time as factors
    from longcount.analysis.models import evaluate
    from longcount.analysis.programs import extract_store as extract
    from longcount.analysis.repairs import repair_store as repair
    from longcount.analysis.traces import trace
    from longcount.errors import UserError
    from longcount.experiments import construct, leaderboard, reproduce, run_study, train
    from longcount.languages.files import read_words
    from longcount.languages.splits import make_splits
    from longcount.languages.words import Words
    from longcount.papers.el_naggar_2022 import paper_study
    from longcount.report.draw import figures_of as figures
    from longcount.store.exchange import export_run, import_models, tensors_of, to_torch
    from longcount.store.store import Store
    from longcount.training.torch_modules import counter, from_torch

# Imported when asked for: `longcount --help` and a worker that needs one module do not pay for the others.
_FOUND = {
    "Store": "longcount.store.store:Store",
    "UserError": "longcount.errors:UserError",
    "Words": "longcount.languages.words:Words",
    "certify": "longcount.analysis.certificates:certify_store",
    "compare": "longcount.analysis.comparison:compare",
    "construct": "longcount.experiments:construct",
    "counter": "longcount.training.torch_modules:counter",
    "evaluate": "longcount.analysis.models:evaluate",
    "export_run": "longcount.store.exchange:export_run",
    "extract": "longcount.analysis.programs:extract_store",
    "factors": "longcount.analysis.factors:one_factor_at_a_time",
    "figures": "longcount.report.draw:figures_of",
    "from_torch": "longcount.training.torch_modules:from_torch",
    "import_models": "longcount.store.exchange:import_models",
    "leaderboard": "longcount.experiments:leaderboard",
    "make_splits": "longcount.languages.splits:make_splits",
    "paper_study": "longcount.papers.el_naggar_2022:paper_study",
    "read_words": "longcount.languages.files:read_words",
    "repair": "longcount.analysis.repairs:repair_store",
    "reproduce": "longcount.experiments:reproduce",
    "run_study": "longcount.experiments:run_study",
    "tensors_of": "longcount.store.exchange:tensors_of",
    "to_torch": "longcount.store.exchange:to_torch",
    "trace": "longcount.analysis.traces:trace",
    "train": "longcount.experiments:train",
}


def __getattr__(name: str) -> object:
    if name not in _FOUND:
        raise AttributeError(f"module 'longcount' has no attribute {name!r}")
    module, _, attribute = _FOUND[name].partition(":")
    if module == "longcount.training.torch_modules":
        importlib.import_module("longcount.training.pytorch").need_torch()
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
