"""Majority: more of one letter than of the other."""

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
