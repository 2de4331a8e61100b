"""Options that several commands share, with their bounds."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Seed = Annotated[
    int, Parameter(validator=Number(gte=0, lt=2**63), help="Decides every random choice: equal seeds, equal bytes.")
]
Jobs = Annotated[
    int | None,
    Parameter(validator=Number(gte=1, lte=4096), help="Blocks of runs worked on at once; default: all cores."),
]
Runs = Annotated[int | None, Parameter(validator=Number(gte=1, lte=10_000_000))]
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print one JSON list on standard output and nothing else there.")
]
