"""Random numbers that never change between versions and machines, and choices made by them."""

import numpy as np


class Uniforms:
    """A stream of uniform numbers, decided by a seed and a key alone.

    Made from the raw bits of Philox, which NumPy promises to keep; the streams of its Generator methods may change.

    >>> Uniforms(0, 1).take(2).tolist() == Uniforms(0, 1).take(2).tolist() != Uniforms(0, 2).take(2).tolist()
    True
    """

    def __init__(self, seed: int, *key: int) -> None:
        self.bits = np.random.Philox(np.random.SeedSequence(entropy=seed, spawn_key=key))

    def take(self, count: int) -> np.ndarray:
        """The next numbers, float64 [count] in [0, 1), multiples of 2^-53."""
        return (self.bits.random_raw(count) >> np.uint64(11)) * 2.0**-53

    def indices(self, count: int, size: int) -> np.ndarray:
        """The next random indices below a size, each as likely as any other: int64 [count].

        >>> Uniforms(0).indices(5, 3).tolist()
        [0, 0, 1, 0, 2]
        """
        return np.minimum((self.take(count) * size).astype(np.int64), size - 1)

    def choices(self, options: np.ndarray) -> np.ndarray:
        """For each row of options (bool [N, K]) one of the columns that are True, each as likely as any other: int64
        [N]; -1 where none is.

        >>> Uniforms(0).choices(np.array([[True, False, True], [False, True, False], [False] * 3])).tolist()
        [0, 1, -1]
        """
        counts = options.sum(axis=1)
        places = np.minimum((self.take(len(options)) * counts).astype(np.int64), counts - 1)
        chosen = (options.cumsum(axis=1) > places[:, None]).argmax(axis=1)
        return np.where(counts > 0, chosen, -1)

    def below(self, bound: int) -> int:
        """A whole number from 0 to bound - 1, each as likely as any other, however large the bound.

        >>> uniforms = Uniforms(0)
        >>> {uniforms.below(3) for _ in range(100)}, uniforms.below(10**40) < 10**40
        ({0, 1, 2}, True)
        """
        bits = (bound - 1).bit_length()
        while True:
            number = 0
            for word in self.bits.random_raw(-(-bits // 64)).tolist():
                number = number << 64 | word
            number >>= -bits % 64
            if number < bound:
                return number
