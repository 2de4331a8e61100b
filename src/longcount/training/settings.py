"""The fields of a study as keywords that a type checker knows; what each means is said in `Condition`."""

from typing import Literal, TypedDict


class WordSettings(TypedDict, total=False):
    """Fields of `longcount.training.word_source.WordSource`, each with the default that it has there."""

    seed: int | None
    directory: str | None
    training_words: int
    validation_words: int
    long_words: int
    very_long_words: int
    training_lengths: str
    long_lengths: str
    very_long_length: int
    p: float
    q: float
    sampler: str | None
    training_n: str
    validation_n: str | None
    long_n: str
    very_long_n: str
    geometric_p: float


class Settings(TypedDict, total=False):
    """Fields of `longcount.training.protocol.Condition` but its cell, each with the default that it has there."""

    language: str
    task: str
    threshold: float | None
    runs: int
    epochs: int
    learning_rate: float
    optimiser: Literal["adam", "rmsprop", "sgd"]
    momentum: float
    order: Literal["shuffled", "shared", "fixed"]
    loss: Literal["mse", "bce", "ce"]
    engine: Literal["lanes", "torch"]
    module: str | None
    recipe: str | None
    hidden_size: int
    layers: int
    start: Literal["zero", "learned"]
    initialisation: str
    schedule: Literal["constant", "exponential", "linear", "cosine"]
    decay: float
    batch_size: int
    clip_norm: float | None
    clip_value: float | None
    weight_decay: float
    l2: float
    l1: float
    dropout: float
    device: str
    seed: int
    evaluated: Literal["checkpoints", "every_epoch"]
    words: WordSettings
