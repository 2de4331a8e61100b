"""Boolean-k: Boolean expressions in prefix notation."""

from longcount.languages.machine import Machine

ATOMS = "01"
OPERATORS = "~+>*<"
"""One operator for each number of operands from 1 on: the first three as in the code of Bhattamishra et al. (2020),
which has no others; the last two are ours."""


def boolean(most_operands: int) -> Machine:
    """Prefix expressions over the atoms ``0`` and ``1`` with one operator for each number of operands up to that many:
    ``~`` takes 1, ``+`` takes 2, ``>`` 3, ``*`` 4 and ``<`` 5.

    Bhattamishra et al. (2020, arXiv:2009.11264). One counter holds how many expressions are still due: it begins at 1,
    and the word ends where it comes to 0. All letters may follow until then, and none afterwards, so the end is the
    output that matters; the released code asks for it alone.

    >>> from longcount.languages.words import Words
    >>> three = boolean(3)
    >>> list(three.enumerate(2)), three.count(3)
    (['~0', '~1'], 6)
    >>> three.targets(Words.from_strings(["+~01"], three.letters))[:, -1].tolist()
    [0, 0, 0, 1]
    """
    operators = OPERATORS[:most_operands]
    return Machine(
        name=f"boolean{most_operands}",
        letters=ATOMS + operators,
        description=f"Boolean expressions in prefix notation, operators of up to {most_operands} operands",
        source="Bhattamishra et al. 2020 (2009.11264)",
        has_end=True,
        rules=(
            ("read", ATOMS, "+", "read", (-1,)),
            *(("read", operator, "+", "read", (operands - 1,)) for operands, operator in enumerate(operators, start=1)),
        ),
        ends=(("read", "0"),),
        start_counters=(1,),
    )
