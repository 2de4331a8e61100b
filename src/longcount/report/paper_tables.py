"""Tables of a reproduced paper: ours beside the published numbers and the baseline, its claims, what departs, and where
every published number is from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from longcount.analysis.rounding import interval, percent, position, significant
from longcount.analysis.sampling import interval_of_means
from longcount.analysis.spread import median_interval, summarise
from longcount.papers.claims import HOLDS, VERDICTS, Claim
from longcount.papers.findings import Findings, middle
from longcount.papers.paper import Measure, Paper, Published
from longcount.report.formats import Table
from longcount.report.terminal import stacked

NOT_READ = "not read"
MANY = 100_000
"""From here on numbers have separators."""
PAPER, BASELINE_ROW = "paper", "  without memory"


def claims_of(paper: Paper, found: Findings) -> list[Claim]:
    """The claims that the findings can answer."""
    return [claim for claim in (rule(found) for rule in paper.rules) if claim is not None]


def paper_tables(paper: Paper, found: Findings) -> list[Table]:
    """All tables, in the order of the page."""
    return [*_beside(paper, found), *_claims(claims_of(paper, found)), *_departures(paper), *_sources(paper)]


def told(measure: Measure, value: float) -> str:
    """A value of a measure for people; "none" where nothing ever goes wrong."""
    if np.isinf(value):
        return "none"
    if measure.percent:
        return percent(round(value, 6))
    if value >= MANY:
        return f"{value:,.0f}"
    return significant(value, 2) if 0 < abs(value) < 1 else position(round(value, 1))


def published_of(paper: Paper, arm: str, measure: str, row: str = PAPER) -> dict[str, Published]:
    """The published numbers of an arm, a measure and a row, by statistic."""
    return {one.statistic: one for one in paper.published if (one.arm, one.measure, one.row) == (arm, measure, row)}


def rows_of(paper: Paper, arm: str) -> list[str]:
    """The rows of published numbers of an arm; that of the paper's own networks of this kind is always there."""
    return list(dict.fromkeys([PAPER, *(one.row for one in paper.published if one.arm == arm)]))


def published_told(measure: Measure, published: dict[str, Published]) -> str:
    """Published numbers as ours are told: the middle (minimum / maximum)."""
    if not published:
        return ""
    if all(one.value is None for one in published.values()):
        return NOT_READ
    values = {name: NOT_READ if one.value is None else told(measure, one.value) for name, one in published.items()}
    middles = [(name, values.pop(name)) for name in ("mean", "median", "reported") if name in values]
    shown = "; ".join(value if name in (measure.middle, "reported") else f"{name} {value}" for name, value in middles)
    ends = (
        f"({values['min']} / {values['max']})"
        if len(values) == 2
        else "".join(f"{name} {value}" for name, value in values.items())
    )
    return f"{shown} {ends}".strip()


def row_of(measure: Measure, values: np.ndarray) -> dict[str, float]:
    """Of the runs of an arm: middle, min, max, std (n - 1) and the ends low and high of the middle's 95% interval."""
    if measure.middle == "median" or np.isinf(values).any():
        low, high = median_interval(values)
        found = {"middle": middle(values, "median"), "std": float("nan"), "low": low, "high": high}
    else:
        summary = summarise(values)
        found = {"middle": summary.mean, "std": summary.std, "low": summary.low, "high": summary.high}
    return {**found, "min": float(values.min()), "max": float(values.max())}


def _beside(paper: Paper, found: Findings) -> list[Table]:
    import pandas as pd

    numbers: list[dict[str, Any]] = []
    rows: list[dict[str, str]] = []
    groups: list[int] = []
    for arm in found.arms:
        lines: dict[str, dict[str, str]] = {}
        for measure in paper.measures:
            values = found.values(arm, measure.name)
            if len(values) == 0:
                continue
            numbers.append(_numbers(paper, found, arm, measure, values))
            for name, text in _lines(paper, found, arm, measure, values).items():
                lines.setdefault(name, {"networks": name})[measure.title] = text
        runs = max((len(found.values(arm, measure.name)) for measure in paper.measures), default=0)
        lines.get(arm, {})["networks"] = f"{arm} ({runs:,} runs)" if runs > 1 else f"{arm} (1 run)"
        groups.append(len(rows))
        rows += [line for line in lines.values() if any(text for name, text in line.items() if name != "networks")]
    columns = ["networks", *(measure.title for measure in paper.measures)]
    shown = pd.DataFrame(rows, columns=columns, dtype=object).fillna("")
    return [Table("paper", "Ours and theirs", "Ours beside theirs", pd.DataFrame(numbers), shown, _caption(paper),
                  tuple(groups[1:]))]  # fmt: skip


def _numbers(paper: Paper, found: Findings, arm: str, measure: Measure, values: np.ndarray) -> dict[str, Any]:
    published = {
        f"{row}_{name}": one.value
        for row in rows_of(paper, arm)
        for name, one in published_of(paper, arm, measure.name, row).items()
    }
    return {
        "arm": arm,
        "measure": measure.name,
        "runs": len(values),
        **row_of(measure, values),
        "without_memory": found.baseline(arm, measure.name),
        **published,
    }


def _lines(paper: Paper, found: Findings, arm: str, measure: Measure, values: np.ndarray) -> dict[str, str]:
    """The texts of an arm's cells under a measure, by row."""
    row = {name: told(measure, value) for name, value in row_of(measure, values).items() if value == value}
    several = len(values) > 1
    published = published_of(paper, arm, measure.name)
    lines = {arm: f"{row['middle']} ({row['min']} / {row['max']})" if several else row["middle"]}
    lines["  std"] = row.get("std", "") if several else ""
    lines["  95%"] = interval(row.get("low", ""), row.get("high", "")) if several else ""
    for name in rows_of(paper, arm):
        lines[f"  {name}"] = published_told(measure, published_of(paper, arm, measure.name, name))
    lines["  as many of ours"] = _as_many(measure, values, published.get("mean"))
    baseline = found.baseline(arm, measure.name)
    lines[BASELINE_ROW] = told(measure, baseline) if baseline == baseline else ""
    return lines


def _as_many(measure: Measure, values: np.ndarray, published: Published | None) -> str:
    """Between which points 95% of the means of as many of our runs as the paper has lie."""
    if published is None or published.value is None or published.networks is None:
        return ""
    if not 1 < published.networks < len(values):
        return ""
    low, high = interval_of_means(values, published.networks)
    return interval(told(measure, low), told(measure, high))


def _caption(paper: Paper) -> str:
    middles = {how: [one.title for one in paper.measures if one.middle == how] for how in ("mean", "median")}
    return (
        "Over the runs: "
        + "; ".join(f"{how} (minimum / maximum) of {', '.join(titles)}" for how, titles in middles.items() if titles)
        + ". The median stands for the mean where a run never fails (“none”). std is the standard deviation over runs, "
        "95% an interval of the mean (bootstrap) or median (order statistics) over runs. “paper”: the published "
        "numbers; “as many of ours”: 95% of the means of as many of our runs, drawn again and again, lie between "
        "these. “without memory”: the best answer from the last letter alone. “not read”: it could not be read."
    )


def _claims(claims: list[Claim]) -> list[Table]:
    import pandas as pd

    if not claims:
        return []
    columns = ["statement", "section", "measured", "runs", "verdict"]
    frame = pd.DataFrame([vars(claim) for claim in claims], columns=columns)
    caption = "Statements of the paper, in our words, and whether what was measured here bears them out."
    return [Table("claims", "Claims", "What the paper says, and what holds", frame, frame.astype(str), caption)]


def _departures(paper: Paper) -> list[Table]:
    import pandas as pd

    if not paper.departures:
        return []
    frame = pd.DataFrame([one._asdict() for one in paper.departures])
    caption = "Where this reproduction does something else than the paper."
    return [Table("departures", "Departures", "What departs from the paper", frame, frame, caption)]


def _sources(paper: Paper) -> list[Table]:
    import pandas as pd

    if not paper.published:
        return []
    titles = {measure.name: measure.title for measure in paper.measures}
    rows = [
        {
            "networks": one.arm,
            "measure": titles[one.measure],
            "statistic": one.statistic,
            "value": NOT_READ if one.value is None else told(paper.measure(one.measure), one.value),
            "number of networks": "" if one.networks is None else str(one.networks),
            "source": one.source,
        }
        for one in paper.published
    ]
    frame = pd.DataFrame(rows)
    caption = "Every published number that stands above, and where it is from."
    return [Table("sources", "Sources", "Where the published numbers are from", frame, frame, caption)]


def paper_printed(paper: Paper, found: Findings) -> Table:
    """The first table for a terminal."""
    table = paper_tables(paper, found)[0]
    shown, groups = stacked(table.shown, table.groups)
    caption = "paper: published; as many of ours: 95% of means"
    return replace(table, title=paper.title, shown=shown, groups=groups, caption=caption)


def found_out(paper: Paper, found: Findings) -> list[str]:
    """What a run found: a sentence for the first measure, one for the claims, and one for each that does not hold."""
    told_ = []
    measure = paper.measures[0]
    for arm in found.arms:
        values = found.values(arm, measure.name)
        published = published_told(measure, published_of(paper, arm, measure.name))
        if len(values):
            beside = f" (paper {published})" if published and published != NOT_READ else ""
            told_.append(f"{arm} {told(measure, row_of(measure, values)['middle'])}{beside}")
    sentences = [f"{measure.title}: {'; '.join(told_)}."]
    claims = claims_of(paper, found)
    counts = [sum(claim.verdict == name for claim in claims) for name in VERDICTS]
    if claims:
        sentences.append(
            f"Statements that hold: {counts[0]} of {len(claims)}; in part: {counts[1]}; not at all: {counts[2]}."
        )
    return sentences + [
        f"{claim.verdict.capitalize()} ({claim.section}): {claim.statement} Here: {claim.measured}."
        for claim in claims
        if claim.verdict != HOLDS
    ]
