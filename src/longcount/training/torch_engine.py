"""The second engine: trains any PyTorch module by the same protocol, from the same weights and orders.

`train` and `evaluate` take what `longcount.engine.train` and `evaluate` take, with a `TorchCell` for the cell, and
mean the same: a batch's loss is the mean over its words of the word's mean over the tokens where the network is asked,
and over outputs, whatever the padding; updates are those of `torch.optim`. Bits are not promised: they depend on
PyTorch's version, the device and how many runs there are. Symbols: R runs, B words a batch, T tokens, P parameters, M
models, N words.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch.func import functional_call, grad_and_value, vmap

from longcount.cells.network import EVERY_TOKEN, Question
from longcount.engine import Evaluation, Options, TrainingState
from longcount.engine.optimisers import SGD, Adam, Optimiser, RMSprop
from longcount.engine.training import check_shapes
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.training.torch_cells import GENERATOR, TorchCell, seed_of

PAPER = Options()

RUNS_TOGETHER = 8
"""From this many runs on, one vectorised call for all is quicker than one run after another (see docs/pytorch.md)."""

_TOKENS_A_CALL = 400_000  # of padded words in an evaluation: a few dozen MB of states

Gradient = Callable[..., tuple[torch.Tensor, torch.Tensor]]
WholeOf = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def train(
    cell: TorchCell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    options: Options = PAPER,
    *,
    device: str = "cpu",
    together: bool | None = None,
    seeds: np.ndarray | None = None,
    question: Question = EVERY_TOKEN,
) -> np.ndarray:
    """Train every run on the words in its order; `state` changes in place.

    Args:
        cell: the module.
        state: parameters [R, P], what the optimiser keeps of them and update count, of `longcount.engine.start`.
        words: the training words; empty ones change nothing.
        targets: uint8 [tokens, outputs], of a softmax [tokens, 2 outputs], as `longcount.engine.train` takes them.
        orders: integers [R, n], the words of each run in turn, or [n] for all runs alike.
        learning_rate: one for all updates, or [updates].
        options: how an update is made.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ...
        together: all runs in one vectorised call (torch.func.vmap); default: from `RUNS_TOGETHER` runs on, except
            where training draws random numbers, which belong to one run each.
        seeds: int64 [R], of dropout; each call needs its own seeds. Default: zeros.
        question: when the network answers, and how.

    Returns:
        float64 [R]: the mean over words of the loss before the word's update.

    Raises:
        UserError: no such device, or a module that cannot be vectorised where that was asked for.
    """
    _refuse_misfits(cell, state.parameters, words, targets, options.loss, question)
    runs = len(state.parameters)
    together = (runs >= RUNS_TOGETHER and not cell.random) if together is None else together
    chosen = _without_empty(words, np.broadcast_to(np.asarray(orders), (runs, np.shape(orders)[-1])))
    updates = -(-chosen.shape[1] // options.batch_size)
    if not updates:
        return np.zeros(runs)
    rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
    padded = _Padded(cell, words, targets, question, state.parameters.dtype, find_device(device))
    cell.module.to(padded.device).train()
    total = np.empty(runs)
    state.begin(options)
    for group in [np.arange(runs)] if together else np.arange(runs)[:, None]:
        seed = None if not cell.random else seed_of("dropout", int(0 if seeds is None else seeds[group[0]]))
        with _one_core(), _generator(seed, padded.device), _without_onednn() if together else nullcontext():
            total[group] = _train_group(cell, state, group, padded, chosen[group], rates, options)
    state.updates += updates
    return total / chosen.shape[1]


def gradients(
    cell: TorchCell,
    parameters: np.ndarray,
    words: Words,
    targets: np.ndarray,
    options: Options = PAPER,
    question: Question = EVERY_TOKEN,
) -> np.ndarray:
    """The gradient [R, batches, P] of every batch of words (none empty) at parameters [R, P], by autograd."""
    _refuse_misfits(cell, parameters, words, targets, options.loss, question)
    padded = _Padded(cell, words, targets, question, parameters.dtype, torch.device("cpu"))
    gradient = _gradient(cell, options, 1, _whole_of(PAPER, torch.from_numpy(parameters)))
    cell.module.cpu().eval()
    firsts = range(0, len(words), options.batch_size)
    result = np.empty((len(parameters), len(firsts), parameters.shape[1]), parameters.dtype)
    for number, first in enumerate(firsts):
        batch = padded.batch(np.arange(first, min(first + options.batch_size, len(words)))[None])
        for run, flat in enumerate(parameters):
            result[run, number] = gradient(torch.tensor(flat[None]), *batch)[0][0].numpy()
    return result


def evaluate(
    cell: TorchCell,
    weights: np.ndarray,
    words: Words,
    targets: np.ndarray,
    loss: str = "mse",
    *,
    device: str = "cpu",
    question: Question = EVERY_TOKEN,
) -> Evaluation:
    """Loss and first point of failure of every model on every word, as `longcount.engine.evaluate` gives them.

    Args:
        cell: the module.
        weights: float32 (or float64) [M, P].
        words: words of any length that fits into memory as one call.
        targets: uint8 [tokens, outputs], of a softmax [tokens, 2 outputs], as `longcount.engine.evaluate` takes them.
        loss: "mse" or "bce", of a softmax "ce".
        device: as for `train`.
        question: when the networks answer, and how.
    """
    _refuse_misfits(cell, weights, words, targets, loss, question)
    padded = _Padded(cell, words, targets, question, weights.dtype, find_device(device))
    cell.module.to(padded.device).eval()
    lengths = np.diff(words.offsets)
    losses = np.full((len(weights), len(words)), np.nan)
    failures = np.zeros((len(weights), len(words)), np.int64)
    with _one_core(), torch.no_grad():
        for chosen in _batches(lengths):
            letters, goals, share = (tensor[0] for tensor in padded.batch(chosen[None]))
            asked = share > 0
            token = torch.arange(letters.shape[1], device=padded.device)
            length = torch.from_numpy(lengths[chosen]).to(padded.device)
            for model, flat in enumerate(weights):
                named = _named(cell, torch.tensor(flat, device=padded.device))
                outputs = functional_call(cell.module, named, (letters,))
                says_yes = outputs >= question.threshold if cell.link == "sigmoid" else outputs > question.threshold
                wrong = (says_yes != (goals[..., : cell.outputs] > 0.5)).any(-1) & asked
                errors = torch.where(asked, _errors(outputs, goals, loss).double(), 0.0).sum(-1) / asked.sum(-1)
                losses[model, chosen] = errors.cpu().numpy()
                failures[model, chosen] = torch.where(wrong, token, length[:, None]).amin(-1).cpu().numpy()
    return Evaluation(losses, failures, lengths)


def find_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        UserError: PyTorch has no such device here.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        seen = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        raise UserError(f"device {name!r}: not here; PyTorch sees {', '.join(seen)}") from None
    return device


def _refuse_misfits(
    cell: TorchCell, parameters: np.ndarray, words: Words, targets: np.ndarray, loss: str, question: Question
) -> None:
    check_shapes(cell, parameters, words, targets, loss, question)
    if cell.link != question.link:
        raise ValueError(f"{cell.name} ends in a {cell.link}, and the question is of a {question.link}")


class _Padded:
    """Words as padded batches on a device."""

    def __init__(
        self,
        cell: TorchCell,
        words: Words,
        targets: np.ndarray,
        question: Question,
        dtype: np.dtype,
        device: torch.device,
    ):
        self.device = device
        self.answers = question.answers
        self.lengths = words.lengths
        self.offsets = words.offsets
        number = torch.from_numpy(np.zeros(0, dtype)).dtype
        self.tokens = torch.from_numpy(words.tokens.astype(np.int64)).to(device)
        self.targets = torch.tensor(targets, device=device, dtype=number)
        self.one_hot = torch.eye(cell.letters, dtype=number, device=device)

    def batch(self, chosen: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Words int [R, B] (none empty) as letters [R, B, T, letters] and targets [R, B, T, columns], and the share
        [R, B, T] of each token in its batch's loss: 0 where the network is not asked, or the word is over."""
        lengths = self.lengths[chosen][..., None]
        token = np.arange(lengths.max())
        place = torch.from_numpy(self.offsets[chosen][..., None] + np.minimum(token, lengths - 1)).to(self.device)
        asked = token < lengths if self.answers == "token" else token == lengths - 1
        share = asked / (asked.sum(axis=-1, keepdims=True) * chosen.shape[1])
        shares = torch.from_numpy(share).to(self.device, self.one_hot.dtype)
        return self.one_hot[self.tokens[place]], self.targets[place], shares


def _train_group(
    cell: TorchCell,
    state: TrainingState,
    group: np.ndarray,
    padded: _Padded,
    orders: np.ndarray,
    rates: np.ndarray,
    options: Options,
) -> np.ndarray:
    """Train runs side by side; returns float64 [runs], the sum of their losses over words."""
    free = options.free(state.parameters.shape[1])
    columns = np.ix_(group, np.array(free, np.int64))
    leaf, *kept = (
        torch.tensor(array[columns], device=padded.device) for array in (state.parameters, *state.kept.values())
    )
    whole_of = _whole_of(options, torch.tensor(state.parameters[group], device=padded.device))
    optimiser, names = _optimiser(options.rule(), leaf.requires_grad_())
    optimiser.state[leaf] = {"step": torch.tensor(float(state.updates)), **dict(zip(names, kept, strict=True))}
    gradient = _gradient(cell, options, len(group), whole_of)
    total = torch.zeros(len(group), dtype=torch.float64, device=padded.device)
    for update, rate in enumerate(rates):
        chosen = orders[:, update * options.batch_size : (update + 1) * options.batch_size]
        slopes, losses = gradient(leaf.detach(), *padded.batch(chosen))
        total += losses.double() * chosen.shape[1]
        leaf.grad = _with_penalties(slopes, leaf.detach(), options)
        optimiser.param_groups[0]["lr"] = float(rate)
        leaf.data.mul_(1.0 - float(rate) * options.weight_decay)
        optimiser.step()
    for array, tensor in zip(state.kept.values(), kept, strict=True):
        array[columns] = tensor.cpu().numpy()
    rows = torch.arange(len(group), device=padded.device)
    whole = torch.stack([whole_of(numbers, row) for numbers, row in zip(leaf.detach(), rows, strict=True)])
    state.parameters[group] = whole.cpu().numpy()
    return total.cpu().numpy()


def _optimiser(rule: Optimiser, leaf: torch.Tensor) -> tuple[torch.optim.Optimizer, tuple[str, ...]]:
    """PyTorch's optimiser of a parameter, and its names of what `Optimiser.kept` names."""
    match rule:
        case Adam():
            made = torch.optim.Adam([leaf], betas=(rule.beta1, rule.beta2), eps=rule.epsilon)
            return made, ("exp_avg", "exp_avg_sq")
        case RMSprop():
            made = torch.optim.RMSprop([leaf], alpha=rule.alpha, eps=rule.epsilon, momentum=rule.momentum)
            return made, ("square_avg", "momentum_buffer")[: len(rule.kept)]
        case SGD():
            return torch.optim.SGD([leaf], momentum=rule.momentum), ("momentum_buffer",)[: len(rule.kept)]
        case _:
            raise ValueError(f"PyTorch has no {type(rule).__name__}")


def _gradient(cell: TorchCell, options: Options, runs: int, whole_of: WholeOf) -> Gradient:
    """The function from free parameters [R, F] and a batch of each run to gradients [R, F] and losses [R]."""

    def loss(
        free: torch.Tensor, row: torch.Tensor, letters: torch.Tensor, goals: torch.Tensor, share: torch.Tensor
    ) -> torch.Tensor:
        outputs = functional_call(cell.module, _named(cell, whole_of(free, row)), (letters,))
        return (_errors(outputs, goals, options.loss) * share).sum()

    def of_one(free: torch.Tensor, *batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        numbers = free[0].detach().requires_grad_()
        value = loss(numbers, torch.tensor(0, device=free.device), *(tensor[0] for tensor in batch))
        (slope,) = torch.autograd.grad(value, numbers)
        return slope[None], value.detach()[None]

    def of_all(free: torch.Tensor, *batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return vectorised(free, torch.arange(runs, device=free.device), *batch)

    vectorised = vmap(grad_and_value(loss), randomness="different")
    return of_all if runs > 1 else of_one


def _whole_of(options: Options, initial: torch.Tensor) -> WholeOf:
    """The function from a run's free parameters [F] and its row in `initial` [R, P] to all its parameters [P]."""
    if not options.frozen and not options.ties:
        return lambda free, row: free
    positions = options.free(initial.shape[1])
    spread = torch.zeros(initial.shape[1], len(positions), dtype=initial.dtype, device=initial.device)
    spread[positions, range(len(positions))] = 1
    for position, source, factor in options.ties:
        spread[position] = spread[source] * factor
    fixed = initial.clone()
    fixed[:, positions] = 0
    for position, source, factor in options.ties:
        fixed[:, position] = fixed[:, source] * factor
    return lambda free, row: fixed[row] + spread @ free


def _with_penalties(slopes: torch.Tensor, numbers: torch.Tensor, options: Options) -> torch.Tensor:
    """Gradients [R, F] with penalties added and each run's own clipped, in the order that `Options` says."""
    slopes = slopes + options.l2 * numbers + options.l1 * numbers.sign()
    if options.clip_value is not None:
        slopes = slopes.clamp(-options.clip_value, options.clip_value)
    if options.clip_norm is not None:
        norms = slopes.norm(dim=1, keepdim=True)
        slopes = slopes * (options.clip_norm / (norms + 1e-6)).clamp(max=1.0)
    return slopes


def _named(cell: TorchCell, flat: torch.Tensor) -> dict[str, torch.Tensor]:
    shapes = cell.shapes()
    parts = flat.split([math.prod(shape) for shape in shapes.values()])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _errors(outputs: torch.Tensor, targets: torch.Tensor, loss: str) -> torch.Tensor:
    """The loss after every token [..., T], the mean over outputs, of `longcount.cells.network.LOSSES`."""
    goals = targets[..., -outputs.shape[-1] :]
    if loss == "bce":
        return torch.nn.functional.binary_cross_entropy(outputs, goals, reduction="none").mean(-1)
    if loss == "ce":
        probability = (outputs * goals).sum(-1)
        return -torch.log(probability.clamp(min=torch.finfo(probability.dtype).tiny))  # below it, slopes overflow
    return ((outputs - goals) ** 2).mean(-1)


def _batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Words (not empty) in batches of like length and limited size."""
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    while len(order):
        longest = int(lengths[order[0]])
        alike = int((2 * lengths[order] > longest).sum())  # padding at most doubles the work
        count = min(alike, max(1, _TOKENS_A_CALL // longest))
        yield order[:count]
        order = order[count:]


def _without_empty(words: Words, orders: np.ndarray) -> np.ndarray:
    kept = words.lengths[orders] > 0
    if len(set(kept.sum(axis=1).tolist())) > 1:
        raise ValueError("the runs' orders hold different numbers of empty words")
    return orders[kept].reshape(len(orders), -1)


@contextmanager
def _generator(seed: int | None, device: torch.device) -> Iterator[None]:
    """PyTorch's random generator reserved and seeded; untouched where there is no seed."""
    if seed is None:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with GENERATOR, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def _one_core() -> Iterator[None]:
    """PyTorch kept to one core in this thread, as blocks of the fast engine are; tiny networks lose by sharing work
    among cores, a long LSTM word a hundredfold on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _OneDNN:
    """oneDNN's LSTM cannot be vectorised; it is switched off while any thread trains runs together."""

    lock = threading.Lock()
    users = 0
    enabled_before = True


@contextmanager
def _without_onednn() -> Iterator[None]:
    with _OneDNN.lock:
        if _OneDNN.users == 0:
            (_OneDNN.enabled_before, *_) = torch.backends.mkldnn.set_flags(False)
        _OneDNN.users += 1
    try:
        yield
    finally:
        with _OneDNN.lock:
            _OneDNN.users -= 1
            if _OneDNN.users == 0:
                torch.backends.mkldnn.set_flags(_OneDNN.enabled_before)
