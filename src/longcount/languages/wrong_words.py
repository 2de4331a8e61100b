"""Words for tasks that include strings outside the language: right and wrong ones alternate.

Of every four words the first and the third belong to the language. The second is a *random* string: over the letters
of the language, each as likely as any other, as long as one of the right words. The fourth is a *near miss*: a word of
the language with one edit, a letter put in, left out or replaced, or two neighbours exchanged, each kind of edit, place
and letter as likely as any other. Strings that happen to be members are drawn again.
For a task that asks for classes of strings the fourth is a random string, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, offsets_of

KINDS = ("right", "random", "near_miss")
TURNS = ("right", "random", "right", "near_miss")

Draw = Callable[[int, Uniforms], Words]
"""Draws that many words, with repeats."""


def kinds_of(count: int) -> list[str]:
    """The kinds (of `KINDS`) of that many generated words, by their places.

    >>> kinds_of(6)
    ['right', 'random', 'right', 'near_miss', 'right', 'random']
    """
    return [TURNS[place % len(TURNS)] for place in range(count)]


def with_wrong_words(
    language: Language,
    right: Words,
    draw: Draw,
    count: int,
    uniforms: Uniforms,
    taken: set[str] | None,
    near: bool = True,
) -> Words:
    """Right words and as many wrong ones, alternating.

    Args:
        language: of the right words.
        right: at least one; as many as the wrong ones, or one more.
        draw: draws further right words, for near misses.
        count: of wrong words.
        uniforms: decides the wrong words.
        taken: strings that must not occur, to which the new ones are added; None where strings may repeat.
        near: whether every other one is a near miss; if not, all are random.

    Raises:
        UserError: strings outside the language are too rare to be drawn.
    """
    strings_alike = partial(random_strings, language.letters, right.lengths)
    random = _outside(strings_alike, -(-count // 2), language, uniforms, taken)
    others = partial(near_misses, draw) if near else strings_alike
    near_ones = _outside(others, count // 2, language, uniforms, taken)
    strings = [""] * (len(right) + count)
    strings[::2] = right.strings()
    strings[1::4], strings[3::4] = random, near_ones
    return Words.from_strings(strings, language.letters)


def random_strings(letters: str, lengths: np.ndarray, count: int, uniforms: Uniforms) -> Words:
    """That many strings of uniform letters, each as long as one of the lengths (int64 [N]), drawn uniformly."""
    offsets = offsets_of(lengths[uniforms.indices(count, len(lengths))])
    return Words(uniforms.indices(int(offsets[-1]), len(letters)).astype(np.uint8), offsets, letters)


def near_misses(draw: Draw, count: int, uniforms: Uniforms) -> Words:
    """That many drawn words, each after one edit."""
    return edited(draw(count, uniforms), uniforms)


def edited(words: Words, uniforms: Uniforms) -> Words:
    """Each word after one edit; words for which the edit that was drawn is impossible are left as they are.

    >>> edited(Words.from_strings(["ab"] * 6, "ab"), Uniforms(1)).strings()
    ['aab', 'aab', 'abb', 'ba', 'abb', 'b']
    """
    edits = uniforms.indices(len(words), 4).tolist()
    places = uniforms.take(len(words))
    letters = uniforms.indices(len(words), len(words.letters)).tolist()
    changed = []
    for text, edit, place, letter in zip(words.strings(), edits, places.tolist(), letters, strict=True):
        choices = len(text) + (1, 0, 0, -1)[edit]
        at = min(int(place * choices), choices - 1)
        new = words.letters[letter]
        changed.append(
            text if choices < 1
            else text[:at] + new + text[at:] if edit == 0
            else text[:at] + text[at + 1 :] if edit == 1
            else text[:at] + new + text[at + 1 :] if edit == 2
            else text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        )  # fmt: skip
    return Words.from_strings(changed, words.letters)


def _outside(candidates: Draw, count: int, language: Language, uniforms: Uniforms, taken: set[str] | None) -> list[str]:
    """The first that many candidates outside the language that are not empty and not taken."""
    found: list[str] = []
    batch = max(2 * count, 32)
    while len(found) < count:
        before = len(found)
        words = candidates(batch, uniforms)
        words = words.select(np.flatnonzero(~language.members(words) & (words.lengths > 0)))
        fresh = words.strings()
        found += fresh if taken is None else [text for text in dict.fromkeys(fresh) if text not in taken]
        found = found[:count]
        if taken is not None:
            taken.update(found)
        if len(found) < count and batch >= 1_000 and len(found) - before < batch / 1_000:
            raise UserError(
                f"cannot make {count:,} wrong words of {language.name}: found only {len(found):,}; "
                "ask for fewer or for longer words"
            )
        batch = max(batch, min(2 * batch, 1_000))
    return found
