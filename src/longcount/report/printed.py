"""What commands find, as tables: the numbers for programs, the texts for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from longcount.analysis.baselines import WITHOUT_MEMORY
from longcount.analysis.programs import different_programs
from longcount.analysis.rounding import MINUS, percent, position, significant
from longcount.report.formats import Table

if TYPE_CHECKING:
    import pandas as pd

    from longcount.languages.files import DirectoryCheck
    from longcount.papers import Paper
    from longcount.registry import Listed
    from longcount.studies.status import Spent

FURTHER = {
    "first_failing_n": lambda n: "none" if n is None else f"{n:,}",
    "accuracy_right": lambda share: "" if share is None else percent(share),
    "accuracy_wrong": lambda share: "" if share is None else percent(share),
    "first_wrongly_accepted": lambda length: "none" if length is None else f"{length:,}",
}
"""Columns of evaluations that only some languages and tasks have, and how a number is shown."""

EVALUATED = ("condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned")


def table(
    name: str,
    title: str,
    values: pd.DataFrame,
    rows: Sequence[Mapping[str, str]],
    caption: str = "",
    groups: tuple[int, ...] = (),
    keys: int = 1,
) -> Table:
    """A table of rows of texts, empty where a row says nothing."""
    import pandas as pd

    columns = list(dict.fromkeys(name for row in rows for name in row))
    shown = pd.DataFrame(rows, columns=columns, dtype=object).fillna("")
    return Table(name, "", title, values, shown, caption, groups, keys)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, None where a value is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def evaluation(title: str, frame: pd.DataFrame, baselines: pd.DataFrame) -> Table:
    """From `longcount.analysis.models.evaluate`, and `longcount.analysis.summary.baselines_on` under it."""
    further = [name for name in frame.columns if name not in EVALUATED]
    rows = [
        {
            "condition": row["condition"],
            "run": str(row["run"]),
            "epoch": str(row["epoch"]),
            **_measured(row),
            "learned": {True: "yes", False: "no"}.get(row["learned"], ""),
            **{name.replace("_", " "): FURTHER.get(name, _short)(row[name]) for name in further},
        }
        for row in records(frame)
    ]
    tasks = set(baselines["task"]) if len(baselines) else set()
    for row in records(baselines):
        rows.append({"condition": WITHOUT_MEMORY + (f" ({row['task']})" if len(tasks) > 1 else ""), **_measured(row)})
    caption = "accuracy in % of words; FPF: first point of failure, in tokens from 0"
    return table("evaluation", title, frame, rows, caption, (len(frame),), keys=2)


def _measured(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "words": f"{row['words']:,}",
        "accuracy": percent(row["accuracy"]),
        "loss": significant(row["loss"]),
        "mean FPF": position(row["fpf_mean"]),
        "minimum FPF": f"{row['fpf_min']:,}",
    }


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


CERTIFIED = [
    "condition", "cell", "run", "epoch", "network", "language", "task", "threshold", "arithmetic", "verdict",
    "max_depth", "lower_bound", "upper_bound", "witness", "capped", "wrongly_accepted", "none_below", "reason",
    "weights_sha256", "seconds",
]  # fmt: skip


def certificates(title: str, frame: pd.DataFrame) -> Table:
    """From `longcount.analysis.certificates.certify_store`."""
    rows = []
    for row in records(frame):
        bounded = row["verdict"] == "bounded"
        figures = {"proved to depth": "max_depth", "FPF at least": "lower_bound", "FPF at most": "upper_bound"}
        numbers = {name: row[field] if bounded or field == "max_depth" else None for name, field in figures.items()}
        rows.append(
            {
                "condition": row["condition"],
                "run": str(row["run"]),
                "epoch": str(row["epoch"]),
                "verdict": row["verdict"],
                **{name: "" if number is None else f"{number:,}" for name, number in numbers.items()},
                "witness": row["witness"] or ("none found" if bounded else ""),
                "wrongly accepted": row["wrongly_accepted"] or "",
            }
        )
    exact = sum(frame["verdict"] == "exact")
    caption = f"{exact} of {len(frame)} proved exact. FPF: first point of failure over all words, in tokens from 0."
    return table("certificates", title, frame.loc[:, CERTIFIED], rows, caption, keys=2)


def programs(frame: pd.DataFrame) -> str:
    """From `longcount.analysis.programs.extract_store`: each program under what it is of."""
    parts = []
    for row in records(frame):
        of = f"{row['condition']}, run {row['run']}, epoch {row['epoch']}, {row['language']}, {row['task']}"
        follows = ", ".join(f"r{unit} with counter {k}" for unit, k in enumerate(row["units"]) if k is not None)
        if row["proved"]:
            proved = f"proved to be the network, token for token, to count {row['max_depth']:,}"
        else:
            found = f"; they differ after {row['differs']}" if row["differs"] else ""
            proved = f"not proved to be the network: {row['reason']}{found}"
        parts.append("\n".join([f"{of}: {proved}", *([f"moves: {follows}"] if follows else []), row["text"]]).rstrip())
    for row in records(different_programs(frame)):
        of = f"{row['networks']} of {len(frame)} networks, {row['proved']} proved"
        if row["program"]:
            parts.append(f"program {row['program']} of {row['language']}, {row['task']}: {of}\n{row['text']}")
    different = len(set(frame["form"]) - {""})
    parts.append(f"{sum(frame['proved'])} of {len(frame)} programs proved; {different} different")
    return "\n\n".join(parts)


def comparison(first: str, second: str, frame: pd.DataFrame) -> Table:
    """From `longcount.analysis.comparison.compare`."""
    rows, groups = [], []
    several = len(frame.loc[:, ["first", "second"]].drop_duplicates()) > 1
    before = None
    for row in records(frame):
        pair = (row["first"], row["second"])
        if pair != before:
            groups.append(len(rows))
        label = f"{pair[0]} → {pair[1]}" if pair[0] != pair[1] else pair[0]
        rows.append(
            {
                **({"condition": label} if several else {}),
                "measure": row["measure"].replace("_", " "),
                "runs": f"{row['runs']:,}",
                "first": significant(row["mean_first"], 4),
                "second": significant(row["mean_second"], 4),
                "difference": significant(row["difference"]),
                "95%": _ends(row["low"], row["high"]),
                "% above / below 0": f"{percent(100 * row['greater'])} / {percent(100 * row['less'])}",
            }
        )
        before = pair
    caption = (
        "Means over runs, each at its best epoch; difference: mean over runs of second less first, with its 95% "
        "bootstrap interval over runs, and the share of runs whose difference is above or below 0. Accuracy in % of "
        "words, FPF in tokens, learned as a share of runs."
    )
    keys = 2 if several else 1
    return table("comparison", f"{second} less {first}, by run", frame, rows, caption, tuple(groups[1:]), keys)


def _ends(low: float | None, high: float | None, form: str | None = None) -> str:
    """The two ends of an interval; nothing where a single pair has none."""
    if low is None or high is None:
        return ""
    ends = [significant(end) if form is None else f"{end:{form}}".replace("-", MINUS) for end in (low, high)]
    return " to ".join(ends)


def factors_table(title: str, frame: pd.DataFrame) -> Table:
    """From `longcount.analysis.factors.one_factor_at_a_time`: a table in which each cell's baseline comes first."""
    rows, groups = [], []
    for row in records(frame):
        first = row["factor"] == "baseline"
        if first:
            groups.append(len(rows))
        told = {
            "cell": row["cell"],
            "factor": str(row["factor"]).removeprefix("words."),
            "value": row["value"],
            "runs": f"{row['runs']:,}",
            "learned %": percent(100 * row["learned"]),
            "95%": _ends(100 * row["learned_low"], 100 * row["learned_high"], ".0f"),
        }
        columns = {"long": ("long_accuracy", "accuracy", "long %", ".1f"), "FPF": ("fpf", "fpf", "FPF", ".0f")}
        for name, (mean, measure, label, form) in columns.items():
            told[label] = "–" if row[mean] is None else percent(row[mean]) if name == "long" else position(row[mean])
            told[f"difference of {label}"] = "" if first else "–"
            if not first and row[f"{measure}_difference"] is not None:
                difference = f"{row[f'{measure}_difference']:+{form}}".replace("-", MINUS)
                low, high = (row[f"{measure}_difference_{end}"] for end in ("low", "high"))
                ends = _ends(low, high, f"+{form}")
                told[f"difference of {label}"] = f"{difference} ({ends})" if ends else difference
        rows.append(told)
    caption = (
        "One factor at a time: conditions that differ from their cell's baseline in one field. Learned: runs with at "
        "least half of the validation words right; means over runs that learned, of the share of long words right and "
        "of the average first point of failure (FPF, in tokens). Differences from the baseline over runs that learned "
        "in both, with 95% bootstrap intervals over runs."
    )
    return table("factors", title, frame, rows, caption, tuple(groups[1:]), keys=3)


def plain(name: str, title: str, frame: pd.DataFrame, hidden: Sequence[str] = (), keys: int = 1) -> Table:
    """A frame whose columns say what they are, each number with a few digits."""
    rows = [
        {column.replace("_", " "): _text(value) for column, value in row.items() if column not in hidden}
        for row in records(frame)
    ]
    return table(name, title, frame, rows, keys=keys)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else significant(value, 4) if isinstance(value, float) else str(value)


def time_spent(spent: Iterable[Spent]) -> Table:
    """From `longcount.studies.status.where_time_went`."""
    import pandas as pd

    entries = list(spent)
    rows = [
        {
            "worker": entry.worker,
            "blocks": f"{entry.blocks:,}",
            "training": f"{entry.training:.1f}",
            "evaluation": f"{entry.evaluation:.1f}",
            "writing": f"{entry.writing:.1f}",
            "ns per token": f"{entry.nanoseconds_a_token:.1f}",
        }
        for entry in entries
    ]
    return table("time", "Where the time went", pd.DataFrame(map(vars, entries)), rows, "seconds of one core")


def words(title: str, found: DirectoryCheck) -> Table:
    """From `longcount.languages.files.check_directory`."""
    import pandas as pd

    frame = pd.DataFrame(map(vars, found.rows))
    form = {float: "{:,.1f}", int: "{:,}"}
    rows = [
        {name.replace("_", " "): form.get(type(value), "{}").format(value) for name, value in vars(row).items()}
        for row in found.rows
    ]
    overlaps = found.overlaps.items()
    shared = [f"{first} and {second} share {count:,} words" for (first, second), count in overlaps if count]
    caption = "; ".join(shared) or "no word stands in two splits"
    caption += ". Lengths in letters; depths are those of the members."
    return table("words", title, frame, rows, caption)


def targets_table(
    title: str, asked: Sequence[Mapping[str, Any]], complaints: Sequence[str], outputs: Iterable[str]
) -> Table:
    """From `longcount.languages.tasks.asked`, with what is wrong with each word."""
    import pandas as pd

    rows = []
    for row, complaint in zip(asked, complaints, strict=True):
        bits = ["-" if target is None else "".join(map(str, target)) for target in row["targets"]]
        told = {"word": row["word"], "member": "yes" if row["member"] else "no", "what is wrong": complaint}
        rows.append(told | {"asked for": " ".join(bits)})
    return table("targets", title, pd.DataFrame(asked), rows, f"asked for after each letter: {' '.join(outputs)}")


def parts(title: str, listed: Sequence[Listed]) -> Table:
    """From `longcount.registry.Kind.listed`."""
    import pandas as pd

    rows = [{"name": one.name, "what it is": one.line, "from": one.origin} for one in listed]
    return table("parts", title, pd.DataFrame([one._asdict() for one in listed]), rows)


def timings_table(frame: pd.DataFrame, machine: str) -> Table:
    """Rows of `longcount.benchmark.Timing`: nanoseconds per token and model, a column for each number of cores."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in records(frame):
        key = {"cell": row["cell"], "work": row["work"], "order": row["order"] or ""}
        cores = f"{row['threads']} core" + ("s" if row["threads"] > 1 else "")
        rows.setdefault(tuple(key.values()), key)[cores] = f"{row['ns_per_token']:.2f}"
    return table("timings", "Nanoseconds per token and model", frame, list(rows.values()), machine)


def papers(listed: Iterable[Paper]) -> Table:
    """Papers that can be reproduced, with how long each takes."""
    import pandas as pd

    rows = [
        {
            "name": paper.name,
            "title": paper.title,
            "what is reproduced": paper.reproduces,
            "runs": f"{paper.runs:,}",
            "minutes": "" if paper.minutes is None else f"{paper.minutes:g}",
        }
        for paper in listed
    ]
    return table("papers", "papers", pd.DataFrame(rows), rows, "minutes on two cores, by default; --runs scales")
