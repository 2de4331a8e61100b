"""One update of every parameter, in lanes: penalties, clipping, ties, the optimiser."""

from __future__ import annotations

import numpy as np

from longcount.engine.lanes import Function, Memory, Value
from longcount.engine.options import Options


def step_parameters(
    function: Function, options: Options, flat: list[Value], gradient: list[Value], parameters: Memory, update: Value
) -> None:
    """Turn a batch's gradient [P] into the next parameters, which are stored."""
    free = options.free(len(flat))
    slopes = {k: gradient[k] for k in free}
    for position, source, factor in options.ties:
        if source in slopes:
            slopes[source] = slopes[source] + gradient[position] * factor
    slopes = {k: _penalised(function, options, flat[k], slope) for k, slope in slopes.items()}
    slopes = _clipped(function, options, slopes)

    rule, size = options.rule(), len(flat)
    kept = function.memory("kept", function.float_lanes)
    left, *rates = _rates(function, options, update)
    moved = dict(enumerate(flat))
    for k in free:
        number = flat[k] * left if options.weight_decay else flat[k]
        places = [slot * size + k for slot in range(len(rule.kept))]
        before = tuple(kept.load(place) for place in places)
        moved[k], after = rule.step(number, slopes[k], before, tuple(rates))
        for place, value in zip(places, after, strict=True):
            kept.store(place, value)
        parameters.store(k, moved[k])
    for position, source, factor in options.ties:
        parameters.store(position, moved[source] * factor)


def _rates(function: Function, options: Options, update: Value) -> tuple[Value, ...]:
    """A row of `Options.rates`, each number in every lane."""
    single = function.memory("rates", function.float_lanes.element)
    count = options.rates(np.zeros(0), 0, np.dtype(np.float32)).shape[1]
    return tuple(function.spread(single.load(update * count + k), function.lanes) for k in range(count))


def _penalised(function: Function, options: Options, number: Value, slope: Value) -> Value:
    if options.l2:
        slope = slope + number * options.l2
    if options.l1:
        push, zero = function.lanes_of(options.l1), function.lanes_of(0.0)
        slope = slope + (number > 0.0).select(push, (number < 0.0).select(-push, zero))
    return slope


def _clipped(function: Function, options: Options, slopes: dict[int, Value]) -> dict[int, Value]:
    if options.clip_value is not None:
        slopes = {k: slope.clipped(options.clip_value) for k, slope in slopes.items()}
    if options.clip_norm is not None:
        squares = function.lanes_of(0.0)
        for slope in slopes.values():
            squares = squares + slope * slope
        shrink = options.clip_norm / (squares.sqrt() + 1e-6)
        shrink = (shrink < 1.0).select(shrink, 1.0)
        slopes = {k: slope * shrink for k, slope in slopes.items()}
    return slopes
