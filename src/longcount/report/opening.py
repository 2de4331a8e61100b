"""What the page opens with: the task, the first point of failure and the constant answer in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longcount.analysis.rounding import position
from longcount.analysis.selection import where
from longcount.report.dyck1_panels import constant_fpf, whole_length
from longcount.report.table1 import cell_title

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

WORD = "(()())()"
STEP = 40  # CSS pixels a token


def opening(results: Results) -> dict[str, Any] | None:
    """What the picture and the words beside it show; None where nothing was measured on Very Long words.

    Args:
        results: of Dyck-1's next letters.
    """
    fpf = where(results["table1"], measure="very_long_fpf", reading="average")
    if not {"constant", "perfect"} <= set(fpf["condition"]):
        return None
    depth, tokens = 0, []
    for letter in WORD:
        depth += 1 if letter == "(" else -1
        tokens.append({"letter": letter, "depth": depth, "may_close": depth > 0})
    kept = fpf.loc[(fpf["cell"] != "") & ~fpf["condition"].str.endswith("_all")]
    return {
        "tokens": tokens,
        "step": STEP,
        "failure": next(at for at, token in enumerate(tokens) if not token["may_close"]),
        "constant": f"{constant_fpf(results):.0f}",
        "length": f"{whole_length(results):,.0f}",
        "networks": ", ".join(
            f"{cell_title(row['condition'])} {position(row['mean'])}" for row in kept.to_dict("records")
        ),
    }
