"""Blocks of equal letters whose lengths depend on each other: aⁿbⁿ and its kin. n and m count from 1.

Each counter holds how many of one letter are still due. The end of the word is an output of the next-letters task, as
in Gers and Schmidhuber (2001) and Suzgun, Belinkov and Shieber (2019), who write it T.
"""

from longcount.languages.machine import Machine


def an_bn() -> Machine:
    """aⁿbⁿ (Gers and Schmidhuber 2001; Weiss, Goldberg and Yahav 2018): one counter.

    >>> an_bn().word_of(3), [an_bn().count(length) for length in range(6)]
    ('aaabbb', [0, 0, 1, 0, 1, 0])
    """
    return Machine(
        name="an_bn",
        letters="ab",
        description="aⁿbⁿ",
        source="Gers & Schmidhuber 2001; Weiss et al. 2018 (1805.04908)",
        has_end=True,
        rules=(
            ("a", "a", "*", "a", (+1,)),
            ("a", "b", "+", "b", (-1,)),
            ("b", "b", "+", "b", (-1,)),
        ),
        ends=(("b", "0"),),
        index=(("a", "n"), ("b", "n")),
    )


def an_bn_cn() -> Machine:
    """aⁿbⁿcⁿ (Gers and Schmidhuber 2001): a counter for the b due and one for the c due.

    >>> an_bn_cn().word_of(2)
    'aabbcc'
    """
    return Machine(
        name="an_bn_cn",
        letters="abc",
        description="aⁿbⁿcⁿ",
        source="Gers & Schmidhuber 2001; Weiss et al. 2018 (1805.04908)",
        has_end=True,
        rules=(
            ("a", "a", "**", "a", (+1, +1)),
            ("a", "b", "+*", "b", (-1, 0)),
            ("b", "b", "+*", "b", (-1, 0)),
            ("b", "c", "0+", "c", (0, -1)),
            ("c", "c", "0+", "c", (0, -1)),
        ),
        ends=(("c", "00"),),
        index=(("a", "n"), ("b", "n"), ("c", "n")),
    )


def an_bn_cn_dn() -> Machine:
    """aⁿbⁿcⁿdⁿ (Suzgun, Belinkov and Shieber 2019, arXiv:1811.01001): counters for the b, c and d due.

    >>> an_bn_cn_dn().word_of(2)
    'aabbccdd'
    """
    return Machine(
        name="an_bn_cn_dn",
        letters="abcd",
        description="aⁿbⁿcⁿdⁿ",
        source="Suzgun et al. 2019 (1811.01001)",
        has_end=True,
        rules=(
            ("a", "a", "***", "a", (+1, +1, +1)),
            ("a", "b", "+**", "b", (-1, 0, 0)),
            ("b", "b", "+**", "b", (-1, 0, 0)),
            ("b", "c", "0+*", "c", (0, -1, 0)),
            ("c", "c", "0+*", "c", (0, -1, 0)),
            ("c", "d", "00+", "d", (0, 0, -1)),
            ("d", "d", "00+", "d", (0, 0, -1)),
        ),
        ends=(("d", "000"),),
        index=(("a", "n"), ("b", "n"), ("c", "n"), ("d", "n")),
    )


def an_b2n() -> Machine:
    """aⁿb²ⁿ (Lan et al. 2022, arXiv:2111.00600): one counter, which each a raises by 2.

    >>> an_b2n().word_of(2)
    'aabbbb'
    """
    return Machine(
        name="an_b2n",
        letters="ab",
        description="aⁿb²ⁿ",
        source="Lan et al. 2022 (2111.00600)",
        has_end=True,
        rules=(
            ("a", "a", "*", "a", (+2,)),
            ("a", "b", "+", "b", (-1,)),
            ("b", "b", "+", "b", (-1,)),
        ),
        ends=(("b", "0"),),
        index=(("a", "n"), ("bb", "n")),
    )


def an_bm_cnm() -> Machine:
    """aⁿbᵐcⁿ⁺ᵐ (Lan et al. 2022, arXiv:2111.00600): one counter, which both a and b raise.

    >>> an_bm_cnm().word_of(2, 1), list(an_bm_cnm().enumerate(6))
    ('aabccc', ['aabccc', 'abbccc'])
    """
    return Machine(
        name="an_bm_cnm",
        letters="abc",
        description="aⁿbᵐcⁿ⁺ᵐ",
        source="Lan et al. 2022 (2111.00600)",
        has_end=True,
        rules=(
            ("a", "a", "*", "a", (+1,)),
            ("a", "b", "+", "b", (+1,)),
            ("b", "b", "*", "b", (+1,)),
            ("b", "c", "+", "c", (-1,)),
            ("c", "c", "+", "c", (-1,)),
        ),
        ends=(("c", "0"),),
        index=(("a", "n"), ("b", "m"), ("c", "nm")),
    )


def an_bm_cm_dn() -> Machine:
    """aⁿbᵐcᵐdⁿ (Gers and Schmidhuber 2001, written aⁿbᵐBᵐAⁿ there): counters for the c and the d due.

    >>> an_bm_cm_dn().word_of(2, 1), list(an_bm_cm_dn().enumerate(6))
    ('aabcdd', ['aabcdd', 'abbccd'])
    """
    return Machine(
        name="an_bm_cm_dn",
        letters="abcd",
        description="aⁿbᵐcᵐdⁿ",
        source="Gers & Schmidhuber 2001",
        has_end=True,
        rules=(
            ("a", "a", "**", "a", (0, +1)),
            ("a", "b", "*+", "b", (+1, 0)),
            ("b", "b", "**", "b", (+1, 0)),
            ("b", "c", "+*", "c", (-1, 0)),
            ("c", "c", "+*", "c", (-1, 0)),
            ("c", "d", "0+", "d", (0, -1)),
            ("d", "d", "0+", "d", (0, -1)),
        ),
        ends=(("d", "00"),),
        index=(("a", "n"), ("b", "m"), ("c", "m"), ("d", "n")),
    )
