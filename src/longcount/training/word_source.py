"""The fields below ``[words]``: where the words of a condition come from."""

import re
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from longcount.languages.splits import SPLITS
from longcount.training.frozen import Frozen

RANGES = ("training_lengths", "long_lengths", "training_n", "validation_n", "long_n", "very_long_n")
"""Fields of a `WordSource` that are ranges, such as '2-50'."""


def _range(text: Any, info: ValidationInfo) -> str | None:
    if text is None and WordSource.model_fields[str(info.field_name)].default is None:
        return None
    match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text) if isinstance(text, str) else None
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        what = (
            "n, such as '1-50', from at least 1"
            if str(info.field_name).endswith("_n")
            else ("lengths such as '2-50', from at least 1 token")
        )
        raise ValueError(f"should be a range of {what}, smallest first, in quotes (a list means each of its values)")
    return str(text)


class WordSource(Frozen):
    """Where a condition's words come from: made from a seed, or given as word files and completed where some lack."""

    seed: int | None = Field(
        default=None, ge=0, lt=2**63, description="Of the words; left out: the condition's own seed."
    )
    directory: str | None = Field(
        default=None,
        description="Folder of word files; the splits that it lacks are made. A store keeps the words and their hashes "
        "instead.",
    )
    given: dict[str, str] = Field(
        default={}, description="SHA-256 of the given words, by split; settled from the files."
    )
    training_words: int = Field(default=10_000, ge=1, le=10_000_000, description="How many training words.")
    validation_words: int = Field(default=5_000, ge=1, le=10_000_000, description="How many validation words.")
    long_words: int = Field(
        default=5_000,
        ge=1,
        le=10_000_000,
        description="How many long words. Of words given by one n there is one of each.",
    )
    very_long_words: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="How many very long words. Of words given by one n there is one of each.",
    )
    training_lengths: str = Field(default="2-50", description="Lengths of training and validation words, in tokens.")
    long_lengths: str = Field(default="52-100", description="Lengths of long words, in tokens.")
    very_long_length: int = Field(default=1_000, ge=1, le=10_000, description="Length of very long words, in tokens.")
    p: float = Field(default=0.5, ge=0, le=1, description="Sampler grammar: probability of S -> ( S ).")
    q: float = Field(default=0.25, ge=0, lt=0.5, description="Sampler grammar: probability of S -> S S.")
    sampler: str | None = Field(
        default=None,
        description="How words are drawn: by length (grammar, uniform, walk) or by n (n_uniform, u_shaped, "
        "left_tailed, right_tailed, geometric); left out: the language's own.",
    )
    training_n: str = Field(default="1-50", description="n of training and validation words of languages given by n.")
    validation_n: str | None = Field(
        default=None, description="n of validation words of languages given by n; left out: training_n."
    )
    long_n: str = Field(default="51-100", description="n of long words of languages given by n.")
    very_long_n: str = Field(default="101-200", description="n of very long words of languages given by n.")
    geometric_p: float = Field(
        default=0.3, gt=0, lt=1, description="Sampler geometric: each next n is 1 - geometric_p times as likely."
    )

    ADDED: ClassVar[frozenset[str]] = frozenset(
        {"sampler", "training_n", "validation_n", "long_n", "very_long_n", "geometric_p"}
    )

    _ranges = field_validator(*RANGES, mode="before")(_range)

    @field_validator("given")
    @classmethod
    def _known_splits(cls, given: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(given) - set(SPLITS))
        if unknown:
            raise ValueError(f"should name splits ({', '.join(SPLITS)}), not {unknown[0]!r}")
        return given
