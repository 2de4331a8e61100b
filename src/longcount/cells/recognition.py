"""Recognises a network's tensors under foreign names, by role and shape or by a given mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from longcount import cells
from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.errors import UserError, hint

# What torch.nn calls the tensors of a recurrent layer, or of a single cell (without its layer's number), after any
# prefix: ``lstm.``, ``module.gru.``, ``_orig_mod.encoder.rnn.`` ...
_RECURRENT = re.compile(r"(?:.*\.)?((?:weight|bias)_(?:ih|hh))(?:_l(\d+))?")
_READOUT = re.compile(r"(?:.*\.)?(weight|bias)")
_EMBEDDING = re.compile(r"(?:.*[._])?emb\w*\.weight")


@dataclass(frozen=True)
class Recognised:
    """A network that was found."""

    cell: Cell
    tensors: dict[str, np.ndarray]
    """float32 [*shape], by the names and in the order of `cell.shapes`."""
    rounded: bool
    """Whether float32 could not hold some number exactly."""
    alike: tuple[str, ...]
    """Cells that these tensors would fit, where nothing said which it is; the first was taken."""
    embedding: str | None = None
    """Their name of the letters' embedding, where there is one: `weight_ih_l0` is theirs times its vectors."""


def recognise(
    tensors: Mapping[str, np.ndarray],
    cell: str | None = None,
    renamed: Mapping[str, str] | None = None,
    where: str = "module",
) -> Recognised:
    """The network that the tensors of a file or module make up.

    Args:
        tensors: by their own names.
        cell: the cell's name, where it is known; shapes alone do not set ReLU, tanh and linear networks apart.
        renamed: their names (or prefixes that end in a dot) to ours.
        where: what messages begin with.

    Raises:
        UserError: names are missing, too many or ambiguous; a shape does not fit; numbers are not finite floats.
    """
    ours = _named(dict(tensors), dict(renamed or {}), _tensors_of_their_own(cell), where)
    embedding = _fold_embedding(ours, where)
    kind, alike = _cell(ours, cell, where)
    shapes = kind.shapes()
    missing = [name for name in shapes if name not in ours]
    if missing:
        biases = "; a layer made with bias=False needs biases of 0" if all("bias" in name for name in missing) else ""
        raise UserError(f"{where}: lacks {', '.join(missing)} of {described(kind)}{biases}")
    extra = [theirs for name, (theirs, _) in ours.items() if name not in shapes]
    if extra:
        raise UserError(f"{where}: {', '.join(extra)}: too many for {described(kind)}")
    result, rounded = {}, False
    for name, shape in shapes.items():
        theirs, tensor = ours[name]
        if tensor.shape != shape:
            found = f"{theirs} has shape {_shape(tensor.shape)}"
            raise UserError(f"{where}: {found}; {described(kind)} has {_shape(shape)} there")
        result[name] = _finite_float32(tensor, f"{where}: {theirs}")
        rounded |= bool((result[name] != tensor).any())
    return Recognised(kind, result, rounded, alike, embedding)


def _fold_embedding(ours: dict[str, tuple[str, np.ndarray]], where: str) -> str | None:
    """Input weights [rows, letters] in the place of an embedding [letters, E] and those for its vectors, [rows, E].

    A letter's vector is linear in its one-hot input, so the network is the same. Sums are of float64 numbers, from the
    first to the last.
    """
    if "embedding.weight" not in ours or "weight_ih_l0" not in ours:
        return None
    (name, vectors), (theirs, weights) = ours.pop("embedding.weight"), ours["weight_ih_l0"]
    if vectors.ndim != 2 or weights.ndim != 2 or not weights.shape[1] or vectors.shape[1] != weights.shape[1]:
        raise UserError(
            f"{where}: {name} has shape {_shape(vectors.shape)} and {theirs} {_shape(weights.shape)}; letters of E "
            "numbers each are embedded by [letters, E] and read by [rows, E]"
        )
    for tensor, called in ((vectors, name), (weights, theirs)):
        _finite_float32(tensor, f"{where}: {called}")
    folded = np.zeros((len(weights), len(vectors)))
    for column, numbers in zip(weights.T.astype(float), vectors.T.astype(float), strict=True):
        folded += column[:, None] * numbers
    ours["weight_ih_l0"] = f"{theirs} times {name}", folded
    return name


def _tensors_of_their_own(asked: str | None) -> re.Pattern[str]:
    """Names, after any prefix, of the tensors that cells have in addition to torch.nn's, learned starts included."""
    kinds = [cells.get(name) for name in (*cells.names(), *([asked] if asked else []))]
    names = sorted({re.escape(name) for kind in kinds for name in (*kind.own, *_starts(kind))})
    return re.compile(rf"(?:.*\.)?({'|'.join(names)})_l(\d+)")


def _starts(cell: Cell) -> tuple[str, ...]:
    """What the parts of a learned start are called, but for the layer."""
    return tuple(f"{part}_0" for part in cell.state_names)


def _named(
    tensors: dict[str, np.ndarray], renamed: dict[str, str], own: re.Pattern[str], where: str
) -> dict[str, tuple[str, np.ndarray]]:
    """Our name: (their name, tensor)."""
    found: dict[str, tuple[str, np.ndarray]] = {}
    strange: dict[str, str] = {}  # their name: name after mapping
    readouts: dict[str, dict[str, str]] = {}  # prefix: weight, bias: their name
    mapped = _mapped(list(tensors), renamed, where)
    for theirs, name in mapped.items():
        if match := _RECURRENT.fullmatch(name) or own.fullmatch(name):
            ours = f"{match[1]}_l{match[2] or 0}"
            if ours in found:
                raise UserError(
                    f"{where}: {found[ours][0]} and {theirs} are both {ours}; leave one out, or say which layer each "
                    f"is: --map {theirs}=weight_ih_l1"
                )
            found[ours] = theirs, tensors[theirs]
        elif _EMBEDDING.fullmatch(name) and "embedding.weight" not in found:
            found["embedding.weight"] = theirs, tensors[theirs]
        elif match := _READOUT.fullmatch(name):
            readouts.setdefault(name.removesuffix(match[1]), {})[match[1]] = theirs
        else:
            strange[theirs] = name
    chosen = _readout(readouts, tensors, found, where)
    for prefix, parts in readouts.items():
        if prefix == chosen:
            found |= {f"readout.{part}": (theirs, tensors[theirs]) for part, theirs in parts.items()}
        else:
            strange |= dict.fromkeys(parts.values(), prefix)
    if strange:
        raise UserError(
            f"{where}: {', '.join(sorted(strange))}: no part of recurrent layers and a linear readout; leave it out of "
            "the file, or say what it is: --map theirs=ours"
        )
    return found


def _mapped(names: list[str], renamed: dict[str, str], where: str) -> dict[str, str]:
    result = {}
    unused = set(renamed)
    for name in names:
        prefixes = [theirs for theirs in renamed if theirs.endswith(".") and name.startswith(theirs)]
        longest = max(prefixes, key=len, default=None)
        if name in renamed:
            result[name] = renamed[name]
            unused.discard(name)
        elif longest is not None:
            result[name] = renamed[longest] + name.removeprefix(longest)
            unused.discard(longest)
        else:
            result[name] = name
    for theirs in sorted(unused):
        told = hint(theirs, names, f"it holds {', '.join(names[:12]) or 'nothing'}")
        raise UserError(f"{where}: --map {theirs}={renamed[theirs]}: the file holds no {theirs}; {told}")
    return result


def _readout(
    readouts: dict[str, dict[str, str]],
    tensors: dict[str, np.ndarray],
    found: dict[str, tuple[str, np.ndarray]],
    where: str,
) -> str | None:
    """The prefix of the readout: the only layer there is, or the only one that fits, or the one that is named so."""
    if len(readouts) <= 1 or "readout." in readouts:
        return "readout." if "readout." in readouts else next(iter(readouts), None)
    recurrent = found.get("weight_hh_l0")
    width = recurrent[1].shape[-1] if recurrent is not None and recurrent[1].ndim else None
    fitting = []
    for prefix, parts in readouts.items():
        shapes = {part: tensors[theirs].shape for part, theirs in parts.items()}
        outputs = shapes.get("bias", ())
        if shapes == {"weight": (*outputs, width), "bias": outputs}:
            fitting.append(prefix)
    if len(fitting) > 1:
        names = " and ".join(prefix + "weight" for prefix in fitting)
        raise UserError(f"{where}: {names} could both be the readout; say which: --map {fitting[0]}=readout.")
    return fitting[0] if fitting else None


def _cell(ours: dict[str, tuple[str, np.ndarray]], name: str | None, where: str) -> tuple[Cell, tuple[str, ...]]:
    """The cell, and the cells among which nothing decided."""
    sizes = {
        "layers": max(1, sum(1 for known in ours if known.startswith("weight_ih_l"))),
        "letters": _extent(ours, "weight_ih_l0", 1, VOCABULARY),
        "outputs": _extent(ours, "readout.weight", 0, OUTPUTS),
    }

    def of_name(known: str, hidden_size: int = 1) -> Cell:
        cell = replace(cells.get(known, hidden_size), **sizes)
        learned_start = any(f"{part}_l0" in ours for part in _starts(cell))
        return replace(cell, learned_start=learned_start)

    same_names = [known for known in cells.names() if set(of_name(known).shapes()) == set(ours)]
    if name is None and "weight_hh_l0" not in ours and not same_names:
        raise UserError(
            f"{where}: lacks weight_hh_l0: no recurrent layer of torch.nn (LSTM, GRU or RNN); "
            "say what its tensors are: --map theirs=ours"
        )
    first, rows, hidden_size = _size(ours, where)
    theirs, tensor = ours[first]
    if name is not None:
        asked = of_name(name, hidden_size)
        if first in asked.shapes() and len(asked.gates) * hidden_size != rows:
            raise UserError(
                f"{where}: {theirs} has shape {_shape(tensor.shape)}; {described(asked)} has "
                f"{_shape(asked.shapes()[first])} there"
            )
        return asked, ()
    kinds = [of_name(known, hidden_size) for known in cells.names()]
    fitting = [kind for kind in kinds if first in kind.shapes() and len(kind.gates) * hidden_size == rows]
    fitting = [kind for kind in fitting if kind.name in same_names] or fitting
    if not fitting:
        raise UserError(
            f"{where}: {theirs} has shape {_shape(tensor.shape)}: {rows // hidden_size} gates; the cells have "
            + ", ".join(f"{len(kind.gates)} ({kind.name})" for kind in kinds if not kind.rarely_meant)
        )
    fitting = [kind for kind in fitting if not kind.rarely_meant] or fitting
    return fitting[0], tuple(kind.name for kind in fitting) if len(fitting) > 1 else ()


def _extent(ours: dict[str, tuple[str, np.ndarray]], name: str, axis: int, otherwise: int) -> int:
    """An extent of a matrix that says a size of the network; where it is none, its shape will be refused."""
    shape = ours[name][1].shape if name in ours else ()
    return shape[axis] if len(shape) == 2 and shape[axis] else otherwise


def _size(ours: dict[str, tuple[str, np.ndarray]], where: str) -> tuple[str, int, int]:
    """A tensor that gives the hidden size, our name for it; its rows, one per gate and unit; the hidden size."""
    if "weight_hh_l0" in ours:
        theirs, tensor = ours["weight_hh_l0"]
        if tensor.ndim == 2 and tensor.shape[1] and tensor.shape[0] % tensor.shape[1] == 0:
            return "weight_hh_l0", *tensor.shape
        raise UserError(
            f"{where}: {theirs} has shape {_shape(tensor.shape)}; a recurrent layer of hidden size H has "
            "[4H, H] (LSTM), [3H, H] (GRU) or [H, H] (RNN) there"
        )
    for name in ("bias_ih_l0", "readout.weight"):
        if name not in ours:
            raise UserError(f"{where}: lacks {name}; say what its tensors are: --map theirs=ours")
    (biases, bias), (weights, weight) = ours["bias_ih_l0"], ours["readout.weight"]
    if bias.ndim != 1 or weight.ndim != 2 or not weight.shape[1] or len(bias) % weight.shape[1]:
        raise UserError(
            f"{where}: {biases} has shape {_shape(bias.shape)} and {weights} {_shape(weight.shape)}; a network of "
            "hidden size H has a multiple of H in the first and [outputs, H] in the second"
        )
    return "bias_ih_l0", len(bias), weight.shape[1]


def described(cell: Cell) -> str:
    """A network's cell and sizes in words."""
    layers = f", {cell.layers} layers" if cell.layers > 1 else ""
    start = ", its start learned" if cell.learned_start else ""
    letters = f"{cell.letters} letter{'s' * (cell.letters != 1)}"
    outputs = f"{cell.outputs} output{'s' * (cell.outputs != 1)}"
    return f"{cell.name} of hidden size {cell.hidden_size}{layers}, {letters}, {outputs}{start}"


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _finite_float32(tensor: np.ndarray, where: str) -> np.ndarray:
    if tensor.dtype.kind != "f":
        raise UserError(f"{where} holds {tensor.dtype} numbers; weights are floats")
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(tensor, np.float32)
    bad = ~np.isfinite(single)
    if bad.any():
        first = tuple(int(place[0]) for place in np.nonzero(bad))
        raise UserError(
            f"{where} is {tensor[first]} at {_shape(first)}; every weight must be finite and within float32"
        )
    return single
