"""Shuffle-k: k Dyck-1 languages, each over brackets of its own, read in one word."""

from longcount.languages.dyck import Brackets
from longcount.languages.machine import Machine

PAIRS = "()[]{}<>+-ab"
"""The brackets, in the order in which Bhattamishra et al. (2020) take them."""


def shuffle(pairs: int) -> Machine:
    """Words in which the brackets of each of that many types are balanced, whatever stands between them: a counter for
    each type. The empty word is one.

    Suzgun et al. (2019, arXiv:1906.03648); letters as in the code of Bhattamishra et al. (2020, arXiv:2009.11264). As
    there, the end is not an output.

    >>> two = shuffle(2)
    >>> [word for word in two.enumerate(4) if word.startswith("([")]
    ['([)]', '([])']
    >>> shuffle(6).letters, shuffle(6).count(4)
    ('()[]{}<>+-ab', 102)
    """
    letters = PAIRS[: 2 * pairs]
    rules = []
    for k in range(pairs):
        before, after = k, pairs - k - 1
        up = (0,) * before + (+1,) + (0,) * after
        down = tuple(-step for step in up)
        rules.append(("read", letters[2 * k], "*" * pairs, "read", up))
        rules.append(("read", letters[2 * k + 1], "*" * before + "+" + "*" * after, "read", down))
    return Brackets(
        name=f"shuffle{pairs}",
        letters=letters,
        description=f"{pairs} Dyck-1 words over different brackets, shuffled into one",
        source="Suzgun et al. 2019 (1906.03648); Bhattamishra et al. 2020 (2009.11264)",
        rules=tuple(rules),
        ends=(("read", "0" * pairs),),
    )
