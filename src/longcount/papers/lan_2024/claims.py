"""What Lan et al. (2024) state, and Lan et al. (2022) of accuracies, put beside what was measured."""

from __future__ import annotations

import numpy as np

from longcount.papers.asking import present
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, Claim, share, verdict
from longcount.papers.findings import Findings, middle
from longcount.papers.lan_2024.arms import (
    ACCURACY,
    BY_HAND,
    EARLY,
    FAILS,
    L1,
    L2,
    LARGEST_N,
    OTHERS,
    PROVED,
    RECIPE,
    SIZES,
    STOPPED,
)


def by_hand_is_right(found: Findings) -> Claim | None:
    """The network that the paper built is proved right."""
    if not present(found, [BY_HAND], PROVED):
        return None
    proved, fails = found.values(BY_HAND, PROVED).min(), found.values(BY_HAND, FAILS).min()
    told = "none" if np.isinf(fails) else f"{fails:.0f}"
    measured = f"proved right for all n up to {proved:,.0f}; first failing n up to {LARGEST_N:,}: {told}"
    return Claim("abstract, released code", "An LSTM of 3 units can be right on every n: one is built by hand.",
                 measured, 1, HOLDS if proved and np.isinf(fails) else DOES_NOT_HOLD)  # fmt: skip


def all_fail(found: Findings) -> Claim | None:
    """No network trained as the paper trains is right on every n up to the largest tried, wherever it is stopped."""
    early = [[found.values(arm, name) for name in STOPPED.values()] for arm in EARLY.values()]
    plain = (found.values(arm, FAILS) for arm in (*SIZES.values(), L1, L2, *OTHERS.values()))
    values = np.concatenate([*plain, *(np.max(readings, axis=0) for readings in early)])
    if len(values) == 0:
        return None
    never = int(np.isinf(values).sum())
    statement = "Trained networks consistently fail to generalise perfectly."
    measured = f"right on every n up to {LARGEST_N:,}: {share(never, len(values))}; "
    measured += f"the largest first failing n is {values[np.isfinite(values)].max(initial=0):.0f}"
    return Claim("abstract", statement, measured, len(values), HOLDS if never == 0 else DOES_NOT_HOLD)


def regularisation_hurts(found: Findings) -> Claim | None:
    """The median first failing n with L1 and with L2 is below that without."""
    arms = present(found, [SIZES[10_000], L1, L2], FAILS)
    if len(arms) < 3:
        return None
    middles = {arm: middle(found.values(arm, FAILS), "median") for arm in arms}
    holds = max(middles[L1], middles[L2]) < middles[SIZES[10_000]]
    statement = "L1 and L2 do not lead to the solution that generalises: with them networks fail sooner."
    measured = "median first failing n: " + "; ".join(f"{arm} {value:g}" for arm, value in middles.items())
    runs = sum(len(found.values(arm, FAILS)) for arm in arms)
    return Claim("abstract, released data", statement, measured, runs, HOLDS if holds else DOES_NOT_HOLD)


def stopping_hurts(found: Findings) -> Claim | None:
    """The median first failing n of runs that are stopped early is below that of those that are not."""
    plain, stopped = found.values(SIZES[500], FAILS), [found.values(EARLY[""], name) for name in STOPPED.values()]
    if not len(plain) or not all(map(len, stopped)):
        return None
    middles = [middle(values, "median") for values in (plain, *stopped)]
    names = ["not stopped", *(f"stopped after {checks} checks" for checks in STOPPED)]
    holds = max(middles[1:]) < middles[0]
    statement = "Early stopping does not lead to the solution that generalises: networks that are stopped fail sooner."
    measured = "median first failing n, 500 words: "
    measured += "; ".join(f"{name} {value:g}" for name, value in zip(names, middles, strict=True))
    return Claim("abstract, released data", statement, measured, len(plain) + len(stopped[0]),
                 HOLDS if holds else DOES_NOT_HOLD)  # fmt: skip


def none_goes_far_beyond(found: Findings) -> Claim | None:
    """No network that the recipe trains is proved right."""
    if not present(found, [RECIPE], PROVED):
        return None
    proved, fails = found.values(RECIPE, PROVED), found.values(RECIPE, FAILS)
    reached = proved[proved > 0]
    statement = "No network trained by gradient descent is known that is right on strings orders of magnitude longer "
    statement += "than those of training."
    measured = "by the recipe exact, by cross-entropy on n up to 40: proved right for all n up to "
    measured += f"{reached.min(initial=np.inf):,.0f} or more: {share(len(reached), len(proved))}"
    measured += f"; right on every n up to {LARGEST_N:,}: {share(int(np.isinf(fails).sum()), len(fails))}"
    return Claim("section 1", statement, measured, len(proved), DOES_NOT_HOLD if len(reached) else HOLDS)


def better_than_no_memory(found: Findings) -> Claim | None:
    """For a language: the median network gets more of the deterministic steps right than the rule without memory, which
    repeats the letter just read."""
    arms = present(found, [SIZES[500], *OTHERS.values()], ACCURACY)
    if not arms:
        return None
    values = {arm: found.values(arm, ACCURACY) for arm in arms}
    above = sum(middle(values[arm], "median") > found.baseline(arm, ACCURACY) for arm in arms)
    measured = "deterministic steps right, median and best network / rule without memory, in %: " + "; ".join(
        f"{arm} {middle(values[arm], 'median'):.2f} and {values[arm].max():.2f} / {found.baseline(arm, ACCURACY):.2f}"
        for arm in arms
    )
    statement = "Accuracy on deterministic steps tells networks that count from a rule without memory (it scores less)."
    runs = sum(len(values[arm]) for arm in arms)
    return Claim("2022, Table 1", statement, measured, runs, verdict(above, len(arms)))


RULES = (
    by_hand_is_right,
    all_fail,
    regularisation_hurts,
    stopping_hurts,
    none_goes_far_beyond,
    better_than_no_memory,
)
