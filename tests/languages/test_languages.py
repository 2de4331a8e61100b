"""Every language against a reading written independently: targets, membership, counting, drawing."""

import itertools
import re
from collections.abc import Callable
from functools import cache, lru_cache
from math import comb
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import chisquare

from longcount import languages
from longcount.errors import UserError
from longcount.languages.machine import Machine
from longcount.languages.shuffle import shuffle
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words

# Another reading of every language, without machines: which strings are words, and which begin one. Regular
# expressions, counts of letters, and crossing out: nothing here keeps states or counters letter by letter.


class Reading(NamedTuple):
    """Two questions about a string."""

    is_word: Callable[[str], bool]
    begins_word: Callable[[str], bool]


@lru_cache(maxsize=1 << 16)
def crossed_out(text: str, *pairs: str) -> str:
    """What is left once matching neighbours have been crossed out again and again."""
    shorter = text
    for pair in pairs:
        shorter = shorter.replace(pair, "")
    return shorter if shorter == text else crossed_out(shorter, *pairs)


def brackets(*pairs: str) -> Reading:
    openings = {pair[0] for pair in pairs}
    return Reading(
        lambda text: crossed_out(text, *pairs) == "",
        lambda text: set(crossed_out(text, *pairs)) <= openings,
    )


def shuffled(*pairs: str) -> Reading:
    letters = "".join(pairs)
    each = [(str.maketrans("", "", letters.replace(pair, "")), brackets(pair)) for pair in pairs]  # without the others
    return Reading(
        lambda text: all(reading.is_word(text.translate(others)) for others, reading in each),
        lambda text: all(reading.begins_word(text.translate(others)) for others, reading in each),
    )


def blocks(letters: str, is_word: Callable[..., bool], begins_word: Callable[..., bool]) -> Reading:
    """One block of each letter, none empty in a word; conditions on how often each letter stands in the string. What
    begins a word has the first blocks only, all but the last of them whole."""

    def ordered(text: str) -> bool:
        return re.fullmatch("".join(f"{letter}*" for letter in letters), text) is not None

    def lengths(text: str) -> list[int]:
        return [text.count(letter) for letter in letters]

    def no_gap(text: str) -> bool:
        return letters.startswith("".join(dict.fromkeys(text)))

    return Reading(
        lambda text: ordered(text) and min(lengths(text)) > 0 and is_word(*lengths(text)),
        lambda text: ordered(text) and no_gap(text) and begins_word(*lengths(text)),
    )


def expressions(operators: str) -> Reading:
    """An expression whose operands are atoms is an atom."""
    simple = "|".join(f"{re.escape(letter)}[01]{{{operands}}}" for operands, letter in enumerate(operators, start=1))

    def shortened(text: str) -> str:
        shorter = re.sub(simple, "1", text)
        return shorter if shorter == text else shortened(shorter)

    @cache
    def is_word(text: str) -> bool:
        return shortened(text) in ("0", "1")

    # A whole expression cannot be continued, and all others can.
    return Reading(is_word, lambda text: not any(is_word(text[:end]) for end in range(len(text))))


READINGS = {
    "dyck1": brackets("()"),
    "semi_dyck1": Reading(lambda text: "(" not in crossed_out(text, "()"), lambda text: True),
    "an_bn": blocks("ab", lambda a, b: a == b, lambda a, b: b <= a),
    "an_bn_cn": blocks("abc", lambda a, b, c: a == b == c, lambda a, b, c: b <= a and (c == 0 or (a == b and c <= a))),
    "an_bn_cn_dn": blocks(
        "abcd",
        lambda a, b, c, d: a == b == c == d,
        lambda a, b, c, d: b <= a and c <= a and d <= a and (c == 0 or b == a) and (d == 0 or c == a),
    ),
    "an_b2n": blocks("ab", lambda a, b: b == 2 * a, lambda a, b: b <= 2 * a),
    "an_bm_cnm": blocks("abc", lambda a, b, c: c == a + b, lambda a, b, c: c <= a + b),
    "an_bm_cm_dn": blocks(
        "abcd", lambda a, b, c, d: b == c and a == d, lambda a, b, c, d: c <= b and (d == 0 or c == b) and d <= a
    ),
    "shuffle2": shuffled("()", "[]"),
    "shuffle4": shuffled("()", "[]", "{}", "<>"),
    "shuffle6": shuffled("()", "[]", "{}", "<>", "+-", "ab"),
    "boolean3": expressions("~+>"),
    "boolean5": expressions("~+>*<"),
    "majority": Reading(lambda text: text.count("1") > text.count("0"), lambda text: True),
    "balance": Reading(lambda text: text.count("(") == text.count(")"), lambda text: True),
    "dyck2": brackets("()", "[]"),
}


ALL = list(READINGS)
LONGEST = 40


def expected_targets(name, text):
    """Rows of the next-letters task after each letter, from the independent reading."""
    return [expected_row(name, text[:end]) for end in range(1, len(text) + 1)]


@lru_cache(maxsize=1 << 16)
def expected_row(name, prefix):
    """What words of the language go on with: near misses begin as the words do."""
    language, reading = languages.get(name), READINGS[name]
    if name == "semi_dyck1":
        return [1, int("(" in crossed_out(prefix, "()"))]
    if not reading.begins_word(prefix):
        return [0] * len(language.outputs)
    row = [int(reading.begins_word(prefix + letter)) for letter in language.letters]
    return [*row, int(reading.is_word(prefix))][: len(language.outputs)]


def expected_first_bad(name, text):
    reading = READINGS[name]
    for end in range(1, len(text) + 1):
        if not reading.begins_word(text[:end]):
            return end - 1
    return -1 if reading.is_word(text) else len(text)


def some_words(language, count, generator):
    lengths = [length for length in range(LONGEST + 1) if language.count(length)]
    uniforms = Uniforms(0)
    return [language.draw(int(length), uniforms) for length in generator.choice(lengths, count)]


def near_miss(text, letters, generator):
    """The string after one edit: a letter left out, put in or exchanged."""
    at = int(generator.integers(len(text) + 1))
    letter = letters[generator.integers(len(letters))]
    return generator.choice([text[:at] + text[at + 1 :], text[:at] + letter + text[at:],
                             text[:at] + letter + text[at + 1 :]])  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_targets_and_membership_of_words_and_near_misses(name):
    language, generator = languages.get(name), np.random.default_rng(0)
    good = some_words(language, 1_000, generator)
    texts = good + [near_miss(text, language.letters, generator) for text in good]
    words = Words.from_strings(texts, language.letters)
    first = [expected_first_bad(name, text) for text in texts]
    assert set(first[:1_000]) == {-1}
    assert sum(place >= 0 for place in first[1_000:]) > 100
    assert language.first_bad_tokens(words).tolist() == first
    assert language.members(words).tolist() == [place < 0 for place in first]
    targets = language.targets(words)
    assert targets.dtype == np.uint8
    assert targets.flags.c_contiguous
    rows = [row for text in texts for row in expected_targets(name, text)]
    assert targets.tolist() == rows
    for word in range(1_000, 1_050):
        if first[word] >= 0:
            complaint = language.complaint(words, word)
            assert "\n" not in complaint
            empty, cut = not texts[word], first[word] == len(texts[word])
            column = f"after column {first[word]}, its last" if cut else f"at column {first[word] + 1} "
            assert ("is empty" if empty else column) in complaint


def strings_of(letters, length):
    return map("".join, itertools.product(letters, repeat=length))


@pytest.mark.parametrize("name", ALL)
def test_enumeration_against_all_strings(name):
    language = languages.get(name)
    length = 0
    while len(language.letters) ** length <= 30_000:
        words = [text for text in strings_of(language.letters, length) if READINGS[name].is_word(text)]
        assert list(language.enumerate(length)) == words
        length += 1
    assert length > 4


@pytest.mark.parametrize("name", ALL)
def test_counts_against_enumeration(name):
    language = languages.get(name)
    for length in range(24):
        if language.count(length) > 5_000:
            break
        words = list(language.enumerate(length))
        assert len(words) == len(set(words)) == language.count(length)
        assert all(len(word) == length for word in words)
        assert language.members(Words.from_strings(words, language.letters)).all()


def catalan(n):
    return comb(2 * n, n) // (n + 1)


def test_counts_against_formulas():
    count = {name: languages.get(name).count for name in ALL}
    for n in range(1, 30):
        assert count["dyck1"](2 * n) == catalan(n)
        assert count["dyck2"](2 * n) == 2**n * catalan(n)
        assert count["shuffle2"](2 * n) == catalan(n) * catalan(n + 1)
        assert count["semi_dyck1"](n) == comb(n, n // 2)
        assert count["majority"](2 * n - 1) == 4 ** (n - 1)
        assert count["balance"](2 * n) == comb(2 * n, n)
        assert count["an_bm_cnm"](2 * n) == count["an_bm_cm_dn"](2 * n) == n - 1
    sequence = [shuffle(3).count(2 * n) for n in range(5)]
    assert sequence == [sum(_multinomial(n, parts) for parts in _parts(n, 3)) for n in range(5)]


def _parts(n, k):
    return [parts for parts in itertools.product(range(n + 1), repeat=k) if sum(parts) == n]


def _multinomial(n, parts):
    """Words of a shuffle with that many pairs of each type: Catalan numbers, and which places belong to which type."""
    ways, left = 1, 2 * n
    for part in parts:
        ways *= catalan(part) * comb(left, 2 * part)
        left -= 2 * part
    return ways


@pytest.mark.parametrize("name", ALL)
def test_drawing_is_uniform(name):
    language, uniforms = languages.get(name), Uniforms(1)
    length = max((length for length in range(13) if 0 < language.count(length) <= 200), key=language.count)
    words = list(language.enumerate(length))
    drawn = [language.draw(length, uniforms) for _ in range(30 * len(words))]
    assert set(drawn) <= set(words)
    if len(words) > 1:
        assert chisquare([drawn.count(word) for word in words]).pvalue > 0.001
    assert [language.word_at(length, place) for place in range(len(words))] == words


PREFIXES_AND_WORDS = {
    "dyck1": (3, 8),
    "an_bn": (3, 8),
    "an_bn_cn": (3, 12),
    "an_bn_cn_dn": (3, 16),
    "an_b2n": (3, 12),
    "an_bm_cnm": (3, 10),
    "an_bm_cm_dn": (3, 10),
    "shuffle2": (3, 8),
    "shuffle4": (2, 6),
    "shuffle6": (2, 6),
    "boolean3": (1, 7),
    "majority": (3, 9),
    "balance": (3, 8),
    "dyck2": (3, 8),
}
"""How long prefixes are looked at, and how long a word may have to be that goes on from them with any letter. (Words of
boolean5 that go on with operators of 5 operands are too many to list.)"""


@pytest.mark.parametrize("name", PREFIXES_AND_WORDS)
def test_a_letter_is_allowed_where_some_word_goes_on_so(name):
    language, (prefix_length, word_length) = languages.get(name), PREFIXES_AND_WORDS[name]
    words = {word for length in range(word_length + 1) for word in language.enumerate(length)}
    begun = {word[:length] for word in words for length in range(prefix_length + 2)}

    def row(prefix):
        return [*(int(prefix + letter in begun) for letter in language.letters), int(prefix in words)]

    prefixes = [text for length in range(1, prefix_length + 1) for text in strings_of(language.letters, length)]
    allowed = language.allowed(read := Words.from_strings(prefixes, language.letters))
    assert allowed[read.offsets[1:] - 1].tolist() == [row(prefix) for prefix in prefixes]
    assert language.allowed_at_start.tolist() == row("")


def test_semi_dyck1_goes_on_with_either_letter():
    words = Words.from_strings(["())", "((", ")"])
    language = languages.get("semi_dyck1")
    assert language.allowed(words)[:, :2].all()
    assert language.allowed(words)[:, 2].tolist() == [0, 1, 1, 0, 0, 1]
    assert language.targets(words).tolist() == [[1, 1], [1, 0], [1, 0], [1, 1], [1, 1], [1, 0]]
    assert language.complaint(words, 1).endswith("after column 2, its last, 2 '(' are still open")


LONG = {
    "dyck1": "(()" * 33_333 + ")" * 33_333,
    "semi_dyck1": ")" + "(()" * 33_333 + ")" * 33_333,
    "shuffle2": "([" * 25_000 + ")]" * 25_000,
    "shuffle4": "([{<" * 12_500 + ")]}>" * 12_500,
    "shuffle6": "([{<+a" * 8_000 + ")]}>-b" * 8_000,
    "boolean3": "+0" * 50_000 + "1",
    "boolean5": "<0000" * 20_000 + "1",
    "majority": "01" * 50_000 + "1",
    "balance": ")" * 50_000 + "(" * 50_000,
    "dyck2": "([" * 25_000 + "])" * 25_000,
    "an_bm_cnm": "a" * 20_000 + "b" * 30_000 + "c" * 50_000,
    "an_bm_cm_dn": "a" * 20_000 + "b" * 30_000 + "c" * 30_000 + "d" * 20_000,
}


@pytest.mark.parametrize("name", ALL)
def test_words_of_a_hundred_thousand_letters(name):
    language = languages.get(name)
    text = language.word_of(100_000 // len(language.word_of(1))) if language.indexed else LONG[name]
    cut = Words.from_strings([text, text[:-1], text + language.letters[0]], language.letters)
    assert len(text) > 70_000
    bad = language.first_bad_tokens(cut).tolist()
    assert bad[:2] == [-1, len(text) - 1]
    goes_on = name in ("dyck1", "semi_dyck1", "balance", "dyck2") or name.startswith("shuffle")
    assert bad[2] == (len(text) + 1 if goes_on or name == "majority" else len(text))
    largest = {"boolean3": 2, "boolean5": 5, "majority": 1}
    deepest = language.depths(cut.select([0])).max()
    assert deepest == largest.get(name, deepest)
    assert name in largest or deepest > 7_999


@pytest.mark.parametrize("name", ["an_bn", "an_bn_cn", "an_bn_cn_dn", "an_b2n"])
def test_languages_indexed_by_n(name):
    language = languages.get(name)
    words = [language.word_of(n) for n in range(1, 30)]
    assert all(READINGS[name].is_word(word) for word in words)
    every = [word for length in range(len(words[-1]) + 1) for word in language.enumerate(length)]
    assert every == words


def test_all_languages_by_name():
    assert list(languages.names()) == ALL  # in the order of the documentation
    assert [name for name in ALL if languages.get(name).indexed] == ["an_bn", "an_bn_cn", "an_bn_cn_dn", "an_b2n"]
    for name in ALL:
        language = languages.get(name)
        assert language.name == name
        assert language.description
        assert language.source
        assert language.outputs[: len(language.letters)] == tuple(language.letters)
        assert (language.outputs[-1] == "end") == language.has_end
        assert isinstance(language, Machine) == (name != "dyck2")
    with pytest.raises(UserError, match=r"^no language is called 'Dyck1': did you mean 'dyck1'\?; one of your own is"):
        languages.get("Dyck1")
    with pytest.raises(UserError, match=r"^no language is called 'xyz': the languages are dyck1, semi_dyck1, "):
        languages.get("xyz")


def test_what_is_wrong_with_brackets():
    said = {
        "dyck2": {
            "([)]": "')' at column 3 comes while '[' is still open",
            ")": "')' at column 1 closes nothing",
            "((": "the word is cut short or unbalanced: after column 2, its last, 2 '(' are still open",
            "([": "the word is cut short or unbalanced: after column 2, its last, 1 '(' and 1 '[' are still open",
        },
        "shuffle2": {
            "(])": "']' at column 2 closes nothing",
            "([)": "the word is cut short or unbalanced: after column 3, its last, 1 '[' is still open",
        },
    }
    for name, complaints in said.items():
        words = Words.from_strings(list(complaints), languages.get(name).letters)
        assert [languages.get(name).complaint(words, word) for word in range(len(words))] == list(complaints.values())


def test_dyck2_is_refused_where_counters_are_needed():
    language = languages.get("dyck2")
    words = Words.from_strings(["([])"], language.letters)
    with pytest.raises(UserError, match=r"^dyck2 needs a stack: no counters decide it$"):
        _ = language.counters
    with pytest.raises(UserError, match=r"^dyck2 needs a stack: it has no counters to show$"):
        language.counts_after(words)
    assert language.depths(words).tolist() == [1, 2, 1, 0]


def test_members_of_families_by_name():
    assert [languages.get(f"shuffle{pairs}") for pairs in (1, 2, 5)] == [shuffle(1), shuffle(2), shuffle(5)]
    assert list(languages.get("shuffle1").enumerate(4)) == ["(())", "()()"]
    assert languages.get("shuffle3") is languages.get("shuffle3")
    assert languages.get("boolean1").outputs == ("0", "1", "~", "end")
    assert languages.get("boolean4").count(5) == languages.get("boolean5").count(5)
    assert "shuffle3" not in languages.names()
    for name, said in {
        "shuffle7": "shuffle7: there are letters for shuffle1 to shuffle6 only",
        "boolean6": "boolean6: there are letters for boolean1 to boolean5 only",
        "shuffle0": "no language is called 'shuffle0'",
        "shuffle": "no language is called 'shuffle'",
        "dyck3": "no language is called 'dyck3'",
    }.items():
        with pytest.raises(UserError, match=f"^{said}"):
            languages.get(name)
