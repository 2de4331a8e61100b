"""The splits of a study, against the figures of the released words."""

from itertools import product
from typing import Any

import pytest

from longcount import languages
from longcount.errors import UserError
from longcount.languages import dyck, tasks
from longcount.languages.by_number import DISTRIBUTIONS
from longcount.languages.sampler import GrammarSampler
from longcount.languages.shuffle import shuffle
from longcount.languages.splits import (
    SPLITS,
    check_splits,
    draw_distinct,
    make_splits,
    number_of_words,
    overlaps,
)
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.languages.wrong_words import kinds_of

ALL = list(languages.names())


@pytest.fixture(scope="module", params=[0, 1])
def splits(request):
    return make_splits(request.param)


def test_counts_and_lengths_are_the_papers(splits):
    assert {name: len(words) for name, words in splits.items()} == {
        "training": 10_000,
        "validation": 5_000,
        "long": 5_000,
        "very_long": 100,
        "zigzag": 10,
    }
    lengths = {name: words.lengths for name, words in splits.items()}
    assert (lengths["training"].min(), lengths["training"].max()) == (2, 50)
    assert lengths["training"].mean() == pytest.approx(31.54, abs=0.35)  # released: 31.54
    assert lengths["validation"].min() in (10, 12)
    assert lengths["validation"].max() == 50
    assert lengths["validation"].mean() == pytest.approx(33.89, abs=0.45)  # released: 33.89
    assert (lengths["long"].min(), lengths["long"].max()) == (52, 100)
    assert lengths["long"].mean() == pytest.approx(73.6, abs=0.7)  # released: 73.60
    assert set(lengths["very_long"].tolist()) == {1000}
    assert set(lengths["zigzag"].tolist()) == {2000}


def test_depths_are_the_released_words(splits):
    depth = {name: words.depths.mean() for name, words in splits.items()}
    assert depth["training"] == pytest.approx(4.418, abs=0.08)
    assert depth["validation"] == pytest.approx(4.551, abs=0.12)
    assert depth["long"] == pytest.approx(7.078, abs=0.15)
    assert depth["very_long"] == pytest.approx(27.3, abs=2.5)


def test_words_are_balanced_distinct_and_disjoint(splits):
    for words in splits.values():
        dyck.check(words)
        assert len(set(words.strings())) == len(words)
    assert set(overlaps(splits).values()) == {0}


def small_splits(seed: int, training_lengths: tuple[int, int] = (2, 50)) -> dict[str, Words]:
    return make_splits(
        seed,
        training_words=90,
        validation_words=30,
        training_lengths=training_lengths,
        long_words=20,
        very_long_words=3,
        very_long_length=200,
    )


def test_the_seed_decides():
    first, second = small_splits(3), small_splits(4)
    assert first == small_splits(3)
    assert all(first[name] != second[name] for name in ("training", "validation", "long", "very_long"))


def test_training_lengths_leave_the_other_splits_alone():
    usual, wider = small_splits(0), small_splits(0, training_lengths=(20, 100))
    assert wider["training"].lengths.min() >= 20
    assert wider["training"].lengths.max() > 50
    assert wider["long"] == usual["long"]
    assert wider["very_long"] == usual["very_long"]
    assert set(overlaps(wider).values()) == {0}


def test_no_word_stands_in_two_splits_where_lengths_overlap():
    splits = make_splits(
        0, training_words=20, validation_words=10, training_lengths=(6, 10), long_words=15, long_lengths=(6, 10),
        very_long_words=5, very_long_length=10,
    )  # fmt: skip
    assert set(overlaps(splits).values()) == {0}


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"training_lengths": (2, 10)}, "20,000 distinct words of 2 to 10 tokens .*: there are only 64"),
        ({"training_lengths": (2, 20)}, "found 1[0-9],[0-9]{3}, and more hardly ever come"),
        ({"training_lengths": (50, 2)}, "no lengths from 50 to 2 tokens: lengths start at 1"),
        ({"training_lengths": (0, 50)}, "lengths start at 1"),
        ({"training_lengths": (2, 0)}, "lengths start at 1"),
        ({"training_words": 0}, "training_words: 0: should be a whole number from 1 to 10000000"),
        ({"validation_words": 2**63}, "validation_words: .*: should be a whole number from 1 to 10000000"),
        ({"very_long_words": 0}, "very_long_words: 0: should be a whole number from 1"),
        ({"very_long_length": 999}, "dyck1 has no words of 999 tokens"),
        ({"p": 1.0, "q": 0.0}, "found 1, and more hardly ever come"),
        ({"p": 2.0}, "do not make a grammar"),
        ({"seed": -1}, "seed: -1: should be a whole number from 0"),
    ],
)
def test_impossible_settings_are_refused(settings, match):
    with pytest.raises(UserError, match=match) as error:
        make_splits(**{"seed": 0, **settings})
    assert "\n" not in str(error.value)


def test_all_words_there_are_can_be_drawn():
    words = draw_distinct(GrammarSampler(6), 8, Uniforms(0), (2, 6), "for a test")
    assert sorted(words) == sorted(["()", "()()", "(())", "()()()", "(())()", "()(())", "(()())", "((()))"])
    with pytest.raises(UserError, match=r"8 distinct words of 2 to 6 tokens for a test .* found 7"):
        draw_distinct(GrammarSampler(6), 8, Uniforms(0), (2, 6), "for a test", taken={"()"})


def test_repeats_and_overlaps_are_refused():
    good = {"training": Words.from_strings(["()", "(())"]), "long": Words.from_strings(["()()"])}
    check_splits(good)
    with pytest.raises(UserError, match="1 of the 2 training words repeat an earlier one"):
        check_splits({**good, "training": Words.from_strings(["()", "()"])})
    with pytest.raises(UserError, match="the training and long words share 1;"):
        check_splits({**good, "long": Words.from_strings(["(())", "()()"])})


SMALL: dict[str, Any] = {"training_words": 40, "validation_words": 20}
FEW: dict[str, Any] = {"long_words": 12, "very_long_words": 4, "very_long_length": 120}
"""For samplers by length."""


def small(name: str, task: str = "next_letters", seed: int = 0, **settings: Any) -> dict[str, Words]:
    """Few words of a language."""
    numbers = languages.get(name).numbers
    few: dict[str, Any] = {} if numbers == 1 else {"long_words": 12, "very_long_words": 4} if numbers else FEW
    return make_splits(seed, language=name, task=task, **{**SMALL, **few, **settings})


@pytest.mark.parametrize("name", ALL)
def test_words_of_every_language(name):
    language = languages.get(name)
    splits = small(name)
    assert list(splits) == [split for split in SPLITS if split != "zigzag" or name == "dyck1"]
    assert (len(splits["training"]), len(splits["validation"])) == (40, 20)
    assert all(language.members(words).all() and words.letters == language.letters for words in splits.values())
    again = small(name, "predict", training_words=60)
    assert splits["long"] == again["long"]
    assert splits["training"] == again["training"].select(range(40))
    assert splits["training"] != small(name, seed=1)["training"]
    lengths = {split: (words.lengths.min(), words.lengths.max()) for split, words in splits.items()}
    if language.numbers == 1:
        assert splits["long"].strings() == [language.word_of(n) for n in range(51, 101)]
        assert splits["very_long"].strings() == [language.word_of(n) for n in range(101, 201)]
    elif language.numbers == 0:
        check_splits(splits)
        assert lengths["training"][0] >= 2
        assert lengths["training"][1] <= 50
        assert 52 <= lengths["long"][0] <= lengths["long"][1] <= 100
        assert lengths["very_long"] == (120, 120)
        assert (len(splits["long"]), len(splits["very_long"])) == (12, 4)
    else:
        assert [len(set(splits[split].strings())) for split in ("long", "very_long")] == [12, 4]


@pytest.mark.parametrize("name", ALL)
def test_right_and_wrong_words_of_every_language(name):
    language = languages.get(name)
    splits = small(name, "recognise")
    assert list(splits) == ["training", "validation", "long", "very_long"]
    assert (len(splits["training"]), len(splits["validation"])) == (40, 20)
    again = small(name, "recognise", training_words=60)
    assert splits["very_long"] == again["very_long"]
    for words in splits.values():
        kinds = kinds_of(len(words))
        assert language.members(words).tolist() == [kind == "right" for kind in kinds]
        assert kinds.count("right") * 2 == len(words)
        assert words.lengths.min() > 0
    if language.numbers == 1:
        assert splits["long"].strings()[::2] == [language.word_of(n) for n in range(51, 101)]
        assert (len(splits["long"]), len(splits["very_long"])) == (100, 200)
    else:
        assert (len(splits["long"]), len(splits["very_long"])) == (12, 4)
    if language.numbers == 0:
        check_splits(splits)


def test_odd_numbers_of_right_and_wrong_words():
    splits = make_splits(0, task="recognise", training_words=7, validation_words=2, long_words=1, very_long_words=3)
    assert [len(words) for words in splits.values()] == [7, 2, 1, 3]
    assert dyck.DYCK1.members(splits["training"]).tolist() == [True, False] * 3 + [True]


@pytest.mark.parametrize("sampler", DISTRIBUTIONS)
@pytest.mark.parametrize("name", ["an_bn", "an_bm_cnm"])
def test_windows_of_numbers(name, sampler):
    language, windows = languages.get(name), {"training_n": (3, 4), "long_n": (6, 7), "very_long_n": (9, 9)}
    splits = small(name, sampler=sampler, **{**windows, "training_words": 600})
    beyond = small(name, sampler=sampler, **{**windows, "training_words": 600, "validation_n": (5, 5)})
    assert set(beyond["validation"].strings()) == {language.word_of(*[5] * language.numbers)}
    assert beyond["training"] == splits["training"]
    numbers = language.numbers
    within = {language.word_of(*each) for each in product((3, 4), repeat=numbers)}
    assert set(splits["training"].strings()) == within
    assert set(splits["validation"].strings()) <= within
    assert splits["long"].strings() == [language.word_of(*each) for each in product((6, 7), repeat=numbers)]
    assert splits["very_long"].strings() == [language.word_of(*[9] * numbers)]


def test_the_p_of_the_geometric_sampler():
    for p, share in ((0.9, 0.9), (0.3, 0.3)):
        words = make_splits(0, language="an_bn", sampler="geometric", geometric_p=p, training_words=4_000)["training"]
        assert (words.lengths == 2).mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("sampler", ["grammar", "walk", "uniform"])
def test_samplers_by_length_differ(sampler):
    splits = small("shuffle2", sampler=sampler, long_lengths=(16, 21))
    others = [small("shuffle2", sampler=other, long_lengths=(16, 21)) for other in ("grammar", "walk", "uniform")]
    assert [splits == other for other in others].count(True) == 1
    assert set(splits["long"].lengths.tolist()) <= {16, 18, 20}
    assert set(overlaps(splits).values()) == {0}


def test_a_language_itself():
    splits = make_splits(0, language=shuffle(3), task=tasks.RECOGNISE, **SMALL, **FEW)
    assert splits["training"].letters == "()[]{}"
    assert splits == small("shuffle3", "recognise")
    assert splits != small("shuffle3", "recognise", seed=1)


IDLE = {
    "p of walks": ({"language": "shuffle2", "p": 0.5}, "p = 0.5 is not used by the sampler walk of shuffle2"),
    "n of a grammar": ({"training_n": (1, 50)}, r"training_n = \(1, 50\) is not used by the sampler grammar of dyck1"),
    "lengths of n": (
        {"language": "an_bn", "long_lengths": (52, 100)},
        r"long_lengths = \(52, 100\) is not used by the sampler n_uniform of an_bn; its settings are "
        "training_n, validation_n, long_n, very_long_n$",
    ),
    "every n": (
        {"language": "an_bn", "long_words": 50},
        "long_words = 50 is not used by the sampler n_uniform of an_bn",
    ),
    "geometric": (
        {"language": "an_bn", "sampler": "u_shaped", "geometric_p": 0.3},
        "geometric_p = 0.3 is not used by the sampler u_shaped",
    ),
}


@pytest.mark.parametrize("case", IDLE)
def test_settings_that_would_be_ignored_are_refused(case):
    settings, said = IDLE[case]
    with pytest.raises(UserError, match=f"^{said}") as error:
        make_splits(0, **settings)
    assert "\n" not in str(error.value)


REFUSED = {
    "sampler": (
        {"sampler": "pcfg"},
        "no sampler is called 'pcfg': the samplers are grammar, uniform, walk, n_uniform,",
    ),
    "language": ({"language": "dyck3"}, "no language is called 'dyck3': did you mean 'dyck"),
    "task": ({"task": "count"}, "no task is called 'count'"),
    "no n": (
        {"language": "majority", "sampler": "n_uniform"},
        "n_uniform: words of majority are not given by a number n",
    ),
    "no grammar": ({"language": "boolean3", "sampler": "grammar"}, "boolean3 has no grammar to draw words by"),
    "few words": (
        {"language": "an_bn", "sampler": "walk"},
        "cannot draw 20,000 distinct words of 2 to 50 tokens for the training pool: there are only 25; ask for fewer",
    ),
    "no words": ({"language": "shuffle4", "very_long_length": 77}, "shuffle4 has no words of 77 tokens"),
    "an empty window": (
        {"language": "an_bn_cn", "sampler": "walk", "training_lengths": (4, 5)},
        "an_bn_cn has no words",
    ),
    "n from 0": ({"language": "an_bn", "training_n": (0, 4)}, "no n from 0 to 4: numbers start at 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_made(case):
    settings, said = REFUSED[case]
    with pytest.raises(UserError, match=f"^{said}") as error:
        make_splits(0, **settings)
    assert "\n" not in str(error.value)


def test_how_many_words_there_are_where_nobody_can_count_them():
    assert number_of_words(languages.get("an_bn"), 2, 50, enough=1_000) == 25
    assert number_of_words(languages.get("majority"), 3, 3, enough=1_000) == 4
