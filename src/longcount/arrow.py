"""Arrow arrays of NumPy's numbers and back. What `pyarrow.array` and `to_numpy` do, without importing pandas for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def numbers(values: np.ndarray, form: pa.DataType, valid: np.ndarray | None = None) -> pa.Array:
    """An array of numbers.

    Args:
        values: [N], of any type of numbers.
        form: Arrow's type of integers or of floating-point numbers.
        valid: bool [N], False where there is no value; default: everywhere one.
    """
    import pyarrow as pa

    content = np.ascontiguousarray(values, form.to_pandas_dtype())
    return pa.Array.from_buffers(form, len(values), [_bits(valid), pa.py_buffer(content)])


def lists(parts: list[np.ndarray | None], form: pa.ListType) -> pa.Array:
    """An array of lists of numbers: one for each part, none for None."""
    import pyarrow as pa

    valid = np.array([part is not None for part in parts], bool)
    given = [part for part in parts if part is not None]
    content = np.concatenate([np.zeros(0, form.value_type.to_pandas_dtype()), *given])
    ends = np.cumsum([0, *(0 if part is None else len(part) for part in parts)]).astype(np.int32)
    buffers = [_bits(valid), pa.py_buffer(ends)]
    return pa.Array.from_buffers(form, len(parts), buffers, children=[numbers(content, form.value_type)])


def labels(places: np.ndarray, names: Sequence[str], form: pa.DataType) -> pa.Array:
    """An array of texts as places [N] among a few names; `form` is of the places."""
    import pyarrow as pa

    texts = [name.encode() for name in names]
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    known = pa.Array.from_buffers(pa.string(), len(texts), buffers)
    return pa.DictionaryArray.from_arrays(numbers(places, form), known)


def numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The numbers of an array or a column without gaps, read-only."""
    import pyarrow as pa

    return np.from_dlpack(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)


def _bits(valid: np.ndarray | None) -> pa.Buffer | None:
    import pyarrow as pa

    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
