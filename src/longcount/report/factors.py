"""What each factor of a study does, as a table of texts."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def factors_shown(factors: "pd.DataFrame") -> "pd.DataFrame":
    """What each factor does, as text: a column for each measure with its interval.

    Args:
        factors: from `longcount.analysis.factors.one_factor_at_a_time`.
    """
    import pandas as pd

    def interval(row: dict[Any, Any], name: str, form: str) -> str:
        if np.isnan(row[name]):
            return "–"
        if np.isnan(row[f"{name}_low"]):  # a single pair has no spread
            return f"{row[name]:{form}}"
        return f"{row[name]:{form}} ({row[f'{name}_low']:{form}}, {row[f'{name}_high']:{form}})"

    rows = []
    for row in factors.to_dict("records"):
        first = row["factor"] == "baseline"
        learned = f"{row['learned']:.0%} ({row['learned_low']:.0%}, {row['learned_high']:.0%})"
        rows.append(
            {
                "cell": row["cell"],
                "factor": str(row["factor"]).removeprefix("words."),
                "value": row["value"],
                "runs": str(row["runs"]),
                "learned": learned,
                "long %": "–" if np.isnan(row["long_accuracy"]) else f"{row['long_accuracy']:.1f}",
                "difference": "" if first else interval(row, "accuracy_difference", "+.1f"),
                "FPF": "–" if np.isnan(row["fpf"]) else f"{row['fpf']:.0f}",
                "difference of FPF": "" if first else interval(row, "fpf_difference", "+.0f"),
            }
        )
    return pd.DataFrame(rows)
