"""Boxes of a network's states, a few for each node of a counter machine, grown until one token leads out of none.

A *box* is an interval of each coordinate of each unit. At a node where counters are at "K or more" a unit's counter may
follow them: the box then holds what is left after slopes times excesses are taken off (`longcount.numbers.affine`).

A node has several boxes, so that a unit may say the same thing in several ways: 0 and -1 may both mean "empty". Boxes
that are near each other are joined, and the nearest ones where there would be too many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from longcount.exact.many_states import Network
from longcount.exact.nodes import START, Graph, within
from longcount.exact.reading import Reading
from longcount.numbers.affine import Affine, Excesses, Reach
from longcount.numbers.intervals import Interval

BOXES = 8
"""Of a node."""

ALIKE = 4
"""Of a node, with the same slopes."""

NEAR = 0.125
"""Boxes that are farther apart in a coordinate are not joined as long as there is room."""

COUNTING = 0.25
"""A counter whose box grows by more again and again counts something that it does not follow."""

COUNTERS_WIDENED = ((6, 20), (10, 12), (14, 1), (16, -6))
"""After how many growths a counter's ends are moved outward to numbers of how many bits; below 1, to powers of two."""

OTHERS_WIDENED = ((3, 12), (8, 8), (14, 4), (20, 1))

ROUNDS = 400
"""Within which the boxes must have stopped growing."""


class Boxes(NamedTuple):
    """S boxes of a network of H units."""

    node: np.ndarray
    """int64 [S]: place times letters + last letter."""
    ends: np.ndarray
    """float32 [2, coordinates, H, S]; the first coordinate is the counter."""
    slopes: np.ndarray
    """float32 [C, H, S]."""


class Closure:
    """Boxes that grow from the start of all words.

    Args:
        network: of one layer.
        places: of the language's machine.
        reading: what is right at each place.
        follows: float32 [C, H, P]: the slope of each unit where a counter comes to "K or more" at a place.
        reach: how far counters may go.
        largest: no counter of the cell is ever larger.
    """

    def __init__(
        self, network: Network, places: Graph, reading: Reading, follows: np.ndarray, reach: Reach, largest: float
    ):
        self.network, self.places, self.reading = network, places, reading
        self.follows, self.reach, self.largest = follows, reach, largest
        letters, units = network.cell.letters, network.cell.hidden_size
        nodes, coordinates = len(places.places) * letters, len(network.cell.state_names)
        self.used = np.zeros((nodes, BOXES), bool)
        self.ends = np.zeros((2, coordinates, units, nodes, BOXES), np.float32)
        self.slopes = np.zeros((len(places.counts), units, nodes, BOXES), np.float32)
        self.growths = np.zeros((nodes, BOXES), np.int64)
        """In how many rounds each box has grown."""
        self.grew = np.zeros((nodes, BOXES), bool)
        """Whether it has in this round."""
        self.changed = np.zeros((nodes, BOXES), bool)
        self.last = np.zeros(0, int)
        """The letters before those that are read, of the boxes at hand; the number of letters at the beginning."""
        self.obstacle = ""

    def close(self) -> bool:
        """Whether the boxes stop growing, all of them read right; otherwise `obstacle` says what stands in the way."""
        edges = np.flatnonzero(self.places.source == START)
        self.last = np.full(len(edges), self.network.cell.letters)
        states = tuple(Interval.exactly(np.repeat(part, len(edges), axis=1)) for part in self.network.start)
        self._arrive(edges, states, np.zeros((*self.slopes.shape[:2], len(edges)), np.float32))
        for _ in range(ROUNDS):
            if self.obstacle or not self.changed.any():
                return not self.obstacle
            node, box = np.nonzero(self.changed)
            self.changed[:] = self.grew[:] = False
            place = node // self.network.cell.letters
            number = self.places.first[place + 1] - self.places.first[place]
            origin = np.repeat(np.arange(len(node)), number)
            self.last = (node % self.network.cell.letters)[origin]
            edges = self.places.first[place][origin] + within(number)
            ends, slopes = self.ends[..., node, box][..., origin], self.slopes[..., node, box][..., origin]
            counter = Interval(ends[:, 0])
            if slopes.any():
                counter = Affine(ends[:, 0], slopes, self._excesses(place[origin]))
            coordinates = (counter, *(Interval(part) for part in np.moveaxis(ends[:, 1:], 1, 0)))
            self._arrive(edges, self.network.view.state(coordinates), slopes)
        self.obstacle = f"the boxes still grow after {ROUNDS} rounds"
        return False

    def _arrive(self, edges: np.ndarray, states: tuple[Interval, ...], slopes: np.ndarray) -> None:
        """Take in where one token leads: edges int64 [S] from states [H, S]."""
        with np.errstate(over="ignore", invalid="ignore"):
            after = self.network.step(self.places.letter[edges], states)
            arrived = self._placed(edges, after)
            self.obstacle = self._wrong(edges, arrived)
        if not self.obstacle:
            self._keep(_grouped(arrived))

    def _placed(self, edges: np.ndarray, after: tuple[Interval, ...]) -> Boxes:
        """Boxes at the places that edges lead to: what slopes and excesses there add is taken off the counter."""
        target, letter = self.places.target[edges], self.places.letter[edges]
        change, stays = self.places.change[:, None, edges], self.places.stays[:, None, edges]
        high = self.places.high[:, None, target]
        node = target * self.network.cell.letters + letter
        counter = after[0]
        slopes = np.where(high & ~stays, self.follows[:, :, target], 0)
        offset, step = counter.ends.astype(np.float64), None
        if isinstance(counter, Affine):
            slopes = np.where(stays, counter.slopes, slopes).astype(np.float32)
            leaves = np.array([place is None for place in self.places.places])[target]
            offset = np.where(leaves, counter.ends, counter.offset)
            step = np.where(leaves, np.inf, counter.step)
        less = (slopes.astype(np.float64) * change).sum(axis=0)
        slopes, more = self._sloped_anew(edges, slopes, np.where(high, self.follows[:, :, target], 0))
        rounded = _sum_outward(offset, more - less)
        if step is not None:
            self._check_reach(rounded, slopes, step, self.places.counts[:, target].min(axis=0))
        flat = ~(slopes != 0).any(axis=0)
        rounded = np.where(flat, rounded.clip(-self.largest, self.largest), rounded)
        ends = np.stack([rounded, *(part.ends for part in after[1:])], axis=1)
        return Boxes(node, ends, slopes)

    def _sloped_anew(
        self, edges: np.ndarray, slopes: np.ndarray, wanted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | float]:
        """Slopes as wanted, where counters whose difference is known make that the same; and what it adds to offsets,
        [2, H, S] or 0.

        With other slopes the same number has the offset less (wanted - slopes) · excess. That is a number where all
        counters concerned differ by known numbers from one that is known, or from any one if the differences of the
        slopes sum to 0. Where they are not, the unit is no longer known to follow the counters: without slopes its
        offset is an interval of all that it may be.
        """
        other = (wanted - slopes).astype(np.float64)
        if not other.any():
            return slopes, 0.0
        target = self.places.target[edges]
        least = self.places.counts[:, None, target]
        more = np.zeros(slopes.shape[1:])
        found = np.zeros(slopes.shape[1:], bool)
        for reference in range(len(slopes)):
            difference = self.places.difference[:, reference, edges][:, None]
            low = ~self.places.high[reference, target]
            known = ((other == 0) | ~np.isnan(difference)).all(axis=0) & ~found & (low | (other.sum(axis=0) == 0))
            excess = np.nan_to_num(difference) - least + np.where(low, least[reference], 0)
            more, found = np.where(known, -(other * excess).sum(axis=0), more), found | known
        lost = ~found & (other != 0).any(axis=0)
        more = np.where(lost, self._beyond(slopes, target), more)
        return np.where(lost, 0, np.where(found, wanted, slopes)).astype(np.float32), more

    def _excesses(self, place: np.ndarray) -> Excesses:
        """Of the counters at places."""
        least = self.places.counts[:, place].min(axis=0).astype(np.float64)
        return Excesses(self.reach, least, lambda slopes: self._beyond(slopes, place))

    def _beyond(self, slopes: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Bounds of slopes · excess at places, float64 [2, H, S].

        A counter that takes away is set against one that adds and exceeds it by a known number at the least.
        """
        slopes = slopes.astype(np.float64)
        nearest, farthest = np.minimum(self.places.excess[:, :, None, place], self.reach.wanted)
        bounds = np.stack([
            (np.maximum(slopes, 0) * near + np.minimum(slopes, 0) * far).sum(axis=0)
            for near, far in ((nearest, farthest), (farthest, nearest))
        ])  # fmt: skip
        both = np.nonzero((slopes > 0).any(axis=0) & (slopes < 0).any(axis=0))
        if len(both[0]):
            exceeds = self.places.least_difference[:, :, place[both[1]]]
            near, far = (np.broadcast_to(excess, slopes.shape)[:, *both] for excess in (nearest, farthest))
            for end, sign in enumerate((1, -1)):
                left = slopes[:, *both] * sign
                least = np.zeros(len(both[0]))
                for i, j in np.ndindex(len(left), len(left)):
                    bounded = np.isfinite(exceeds[i, j])
                    pair = np.minimum(np.maximum(left[i], 0), np.maximum(-left[j], 0)) * bounded
                    least += pair * np.where(bounded, exceeds[i, j], 0)
                    left[i] -= pair
                    left[j] += pair
                least += (np.maximum(left, 0) * near + np.minimum(left, 0) * far).sum(axis=0)
                bounds[end, *both] = sign * least
        return bounds

    def _check_reach(self, ends: np.ndarray, slopes: np.ndarray, step: np.ndarray, least: np.ndarray) -> None:
        """Where sums are exact because all is a multiple of a step: up to which count they are; ends that are no
        numbers where that is not far enough."""
        stepping = np.isfinite(step)
        total = np.abs(slopes).sum(axis=0, dtype=np.float64)
        room = 2.0**24 * np.where(stepping, step, 1) - np.abs(ends[0].astype(np.float64))
        growing = stepping & (total > 0)
        reached = np.where(growing, room / np.where(growing, total, 1) + least, np.inf)
        ends[:, (stepping & (room < 0)) | (reached < self.reach.least)] = np.nan
        if growing.any():
            self.reach.lower(reached.min())

    def _wrong(self, edges: np.ndarray, boxes: Boxes) -> str:
        """What stands in the way of answering right in every box; empty where nothing does."""
        place = self.places.target[edges]
        counter = Affine(boxes.ends[:, 0], boxes.slopes, self._excesses(place))
        coordinates = (Interval(counter.ends), *(Interval(part) for part in np.moveaxis(boxes.ends[:, 1:], 1, 0)))
        right = self.reading.surely_right(self.network, coordinates, place)
        if right.all():
            return ""
        edge = edges[np.argmin(right)]
        letter = self.places.machine.letters[self.places.letter[edge]]
        source = self.places.source[edge]
        where = "at the beginning" if source == START else self.described(int(source))
        return f"{letter!r} {where} may be read wrong"

    def described(self, place: int) -> str:
        """A place in words."""
        configuration = self.places.places[place]
        if configuration is None:
            return "outside the language"
        counts = [
            f"{count}{' or more' * bool(high)}"
            for count, high in zip(configuration.counters, self.places.high[:, place], strict=True)
        ]
        several = len(self.places.machine.states) > 1
        return f"in state {configuration.state!r}, " * several + f"at count {', '.join(counts)}"

    def _keep(self, arrived: Boxes) -> None:
        """Join arriving boxes with those that their nodes have."""
        left = np.arange(len(arrived.node))
        while len(left):
            node = arrived.node[left]
            ends, slopes = arrived.ends[..., left, None], arrived.slopes[..., left, None]
            mine, used = self.ends[:, :, :, node], self.used[node]
            alike = used & (self.slopes[:, :, node] == slopes).all(axis=(0, 1))
            outside = np.maximum(mine[0] - ends[0], ends[1] - mine[1]).max(axis=(0, 1))
            known = (alike & (outside <= 0)).any(axis=1)
            first = np.zeros(len(left), bool)
            first[np.unique(np.where(known, -1, node), return_index=True)[1]] = True
            first &= ~known
            rows = np.flatnonzero(first)
            distance = np.where(alike[rows], outside[rows], np.inf)
            nearest = distance.argmin(axis=1)
            close = distance[np.arange(len(rows)), nearest] <= NEAR
            full = used[rows].all(axis=1) | (alike[rows].sum(axis=1) >= ALIKE)
            joins = close | full
            if np.isinf(distance[joins, nearest[joins]]).any():
                self.obstacle = "too many ways to follow the counters"
                return
            box = np.where(joins, nearest, (~used[rows]).argmax(axis=1))
            self._put(node[rows], box, ends[..., rows, 0], slopes[..., rows, 0], joins)
            left = left[~known & ~first]

    def _put(self, node: np.ndarray, box: np.ndarray, ends: np.ndarray, slopes: np.ndarray, joins: np.ndarray) -> None:
        mine = self.ends[..., node, box]
        lower = np.where(joins, np.minimum(mine[0], ends[0]), ends[0])
        upper = np.where(joins, np.maximum(mine[1], ends[1]), ends[1])
        self.growths[node, box] += joins & ~self.grew[node, box]
        self.grew[node, box] |= joins
        lower, upper = self._widened(mine, lower, upper, slopes, self.growths[node, box] * joins)
        self.ends[..., node, box] = np.stack([lower, upper])
        self.slopes[..., node, box] = slopes
        self.used[node, box] = self.changed[node, box] = True

    def _widened(
        self, before: np.ndarray, lower: np.ndarray, upper: np.ndarray, slopes: np.ndarray, growths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ends that grow again and again, moved outward to coarser and coarser numbers, so that they stop growing."""
        follows = (slopes != 0).any(axis=0)
        for grows, ends, old, sign in (
            (lower < before[0], lower, before[0], -1),
            (upper > before[1], upper, before[1], 1),
        ):
            counts = grows[0] & (growths > 2) & (np.abs(ends[0] - old[0]) > COUNTING)
            ends[0][counts] = _outward(ends[0][counts], sign, -6)
            for part in range(len(ends)):
                for least, bits in COUNTERS_WIDENED if part == 0 else OTHERS_WIDENED:
                    widens = grows[part] & (growths >= least)
                    ends[part][widens] = _outward(ends[part][widens], sign, bits)
        lower[0] = np.where(follows, lower[0], np.maximum(lower[0], -self.largest))
        upper[0] = np.where(follows, upper[0], np.minimum(upper[0], self.largest))
        return lower, upper


def _sum_outward(offset: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Float32 ends [2, ...] of offset + more, float64, each beyond the exact sum or equal to it; `more`, slopes times
    whole numbers, is exact."""
    total = offset + more
    back = total - offset
    error = (offset - (total - back)) + (more - back)  # the exact sum is total + error (Knuth 1997, 4.2.2)
    rounded = total.astype(np.float32)
    for end, beyond, least in ((0, -np.inf, np.less), (1, np.inf, np.greater)):
        short = least(total[end], rounded[end]) | ((rounded[end] == total[end]) & least(error[end], 0))
        rounded[end] = np.where(short, np.nextafter(rounded[end], np.float32(beyond)), rounded[end])
    return rounded


def _outward(numbers: np.ndarray, sign: int, bits: int) -> np.ndarray:
    """The next number in a direction with that many bits; of fewer than 1, powers of 2^-bits alone."""
    fraction, exponent = np.frexp(numbers.astype(np.float64) * sign)
    if bits > 0:
        return (np.ldexp(np.ceil(np.ldexp(fraction, bits)), exponent - bits) * sign).astype(np.float32)
    coarse = np.where(fraction > 0, np.ceil(exponent / -bits), np.ceil((exponent - 1) / -bits) - 1) * -bits
    found = np.where(fraction > 0, np.ldexp(1.0, coarse.astype(int)), -np.ldexp(1.0, coarse.astype(int)))
    found = np.where((found < 0) & (coarse < -20), 0, found)
    return (np.where(numbers == 0, 2.0**-20, found) * sign).astype(np.float32)


def _grouped(boxes: Boxes) -> Boxes:
    """Boxes at the same node whose counters and slopes are nearly the same, joined."""
    if len(boxes.node) < 2:
        return boxes
    count = np.round(boxes.ends[:, 0] * 4).clip(-(2.0**40), 2.0**40).reshape(-1, len(boxes.node))
    key = np.concatenate([boxes.node[None], count, boxes.slopes.reshape(-1, len(boxes.node))]).astype(np.float64)
    order = np.lexsort(key)
    key = key[:, order]
    starts = np.flatnonzero(np.append(True, (key[:, 1:] != key[:, :-1]).any(axis=0)))
    ends = boxes.ends[..., order]
    joined = np.stack([np.minimum.reduceat(ends[0], starts, axis=-1), np.maximum.reduceat(ends[1], starts, axis=-1)])
    first = order[starts]
    return Boxes(boxes.node[first], joined, boxes.slopes[..., first])
