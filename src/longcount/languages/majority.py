"""Majority and balance: how many there are of one letter and of the other."""

from longcount.languages.machine import Machine


def majority() -> Machine:
    """Strings of ``0`` and ``1`` with more 1 than 0.

    Butoi et al. (2025, arXiv:2411.07107). One counter holds by how many one letter is ahead, the state which of them.
    Any letter may follow at any time; as there, the end is an output.

    >>> list(majority().enumerate(3)), majority().count(4)
    (['011', '101', '110', '111'], 5)
    """
    return Machine(
        name="majority",
        letters="01",
        description="more 1 than 0",
        source="Butoi et al. 2025 (2411.07107)",
        has_end=True,
        rules=(
            ("ones", "1", "*", "ones", (+1,)),
            ("ones", "0", "+", "ones", (-1,)),
            ("ones", "0", "0", "zeros", (+1,)),
            ("zeros", "0", "*", "zeros", (+1,)),
            ("zeros", "1", "+", "zeros", (-1,)),
            ("zeros", "1", "0", "ones", (+1,)),
        ),
        ends=(("ones", "+"),),
    )


def balance() -> Machine:
    """Strings of ``(`` and ``)`` with as many of one as of the other, in any order; the empty word is one.

    For the task `classify`, all strings fall into three classes, by the sign of their balance: El-Naggar et al. (2023,
    arXiv:2304.03639). One counter holds by how many one bracket is ahead, the state which of them.

    >>> from longcount.languages.words import Words
    >>> balance().class_names, balance().classes_after(Words.from_strings([")(("], "()")).tolist()
    (('below', 'zero', 'above'), [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    """
    return Machine(
        name="balance",
        letters="()",
        description="as many ( as ), in any order",
        source="El-Naggar et al. 2023 (2304.03639)",
        rules=(
            ("up", "(", "*", "up", (+1,)),
            ("up", ")", "+", "up", (-1,)),
            ("up", ")", "0", "down", (+1,)),
            ("down", ")", "*", "down", (+1,)),
            ("down", "(", "+", "down", (-1,)),
            ("down", "(", "0", "up", (+1,)),
        ),
        ends=(("up", "0"), ("down", "0")),
        classes=(("below", "down", "+"), ("zero", "down", "0"), ("zero", "up", "0"), ("above", "up", "+")),
    )
