"""One update of every parameter, in lanes: penalties, clipping, ties, Adam."""

from __future__ import annotations

from longcount.engine.adam import ADAM
from longcount.engine.lanes import Function, Memory, Value
from longcount.engine.options import Options


def step_parameters(
    function: Function, options: Options, flat: list[Value], gradient: list[Value], parameters: Memory, update: Value
) -> None:
    """Turn a batch's gradient [P] into the next parameters, which are stored."""
    single = function.float_lanes.element
    free = options.free(len(flat))
    slopes = {k: gradient[k] for k in free}
    for position, source, factor in options.ties:
        if source in slopes:
            slopes[source] = slopes[source] + gradient[position] * factor
    slopes = {k: _penalised(function, options, flat[k], slope) for k, slope in slopes.items()}
    slopes = _clipped(function, options, slopes)

    step_size = function.spread(function.memory("step_sizes", single).load(update), function.lanes)
    root = function.spread(function.memory("roots", single).load(update), function.lanes)
    moved = dict(enumerate(flat))
    for k in free:
        number = flat[k]
        if options.weight_decay:
            number = number * function.spread(function.memory("decays", single).load(update), function.lanes)
        moved[k] = _adam(function, k, number, slopes[k], step_size, root)
        parameters.store(k, moved[k])
    for position, source, factor in options.ties:
        parameters.store(position, moved[source] * factor)


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


def _adam(function: Function, k: int, number: Value, slope: Value, step_size: Value, root: Value) -> Value:
    first_moment = function.memory("first_moment", function.float_lanes)
    second_moment = function.memory("second_moment", function.float_lanes)
    m, v = first_moment.load(k), second_moment.load(k)
    m = m + (slope - m) * (1.0 - ADAM.beta1)
    v = v * ADAM.beta2 + slope * slope * (1.0 - ADAM.beta2)
    first_moment.store(k, m)
    second_moment.store(k, v)
    return number - step_size * m / (v.sqrt() * root + ADAM.epsilon)
