"""What the networks of Lan et al. (2024) are called here, and what is asked of them."""

from __future__ import annotations

from longcount.training.protocol import Condition

SIZES = {500: "aⁿbⁿ, 500 words", 1_000: "aⁿbⁿ, 1,000 words", 5_000: "aⁿbⁿ, 5,000 words", 10_000: "aⁿbⁿ, 10,000 words"}
"""Without regularisation, by how many words there are, a twentieth of them for validation."""
L1, L2 = "aⁿbⁿ, L1", "aⁿbⁿ, L2"
"""From 10,000 words."""
EARLY = {"": "aⁿbⁿ, stopped early", "L1": "aⁿbⁿ, L1, stopped early", "L2": "aⁿbⁿ, L2, stopped early"}
"""From 500 words, by penalty."""
READOUT = "aⁿbⁿ, readout alone trained"
"""From 500 words."""
RECIPE, BY_HAND = "aⁿbⁿ, recipe exact", "aⁿbⁿ, built by hand"
"""The first from 10,000 words."""
OTHERS = {"an_bn_cn": "aⁿbⁿcⁿ", "an_bn_cn_dn": "aⁿbⁿcⁿdⁿ", "an_b2n": "aⁿb²ⁿ"}
"""Of Lan et al. (2022), from 500 words."""

FAILS, ACCURACY, PROVED = "first_failing_n", "deterministic_accuracy", "proved_n"
STOPPED = {2: "first_failing_n_patience_2", 10: "first_failing_n_patience_10"}
"""The first failing n of a run that is left after so many checks in a row without a lower validation loss."""

LARGEST_N = 1_000
"""Up to which n failures are looked for."""


def arm_of(condition: Condition) -> str:
    """The arm that a condition belongs to; without regularisation, that of the least number of words not below its
    own."""
    if condition.language in OTHERS:
        return OTHERS[condition.language]
    if condition.recipe is not None:
        return RECIPE if condition.recipe == "exact" else READOUT
    penalty = "L1" if condition.l1 else "L2" if condition.l2 else ""
    if stops_early(condition):
        return EARLY[penalty]
    if penalty:
        return L1 if penalty == "L1" else L2
    words = condition.words.training_words + condition.words.validation_words
    return SIZES[min(size for size in SIZES if words <= size)]


def stops_early(condition: Condition) -> bool:
    """Whether it is trained to be read where early stopping would have left it: its validation words are longer than
    those of training, as the paper's are."""
    return condition.words.validation_n is not None
