"""The splits of a study, against the figures of the released words."""

import pytest

from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.sampler import GrammarSampler, Uniforms
from longcount.languages.splits import check_splits, draw_distinct, make_splits, overlaps
from longcount.languages.words import Words


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
        ({"training_words": 0}, "number of training words must be at least 1, not 0"),
        ({"validation_words": -5}, "number of validation words must be at least 1, not -5"),
        ({"very_long_words": 0}, "number of very long words"),
        ({"very_long_length": 999}, "dyck1 has no words of 999 tokens"),
        ({"p": 1.0, "q": 0.0}, "found 1, and more hardly ever come"),
        ({"p": 2.0}, "make no grammar"),
        ({"seed": -1}, "the seed must be"),
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
