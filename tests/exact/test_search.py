"""What the search finds, against all short strings and all words of n."""

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.cells.cell import State
from longcount.cells.network import initial_state, inputs_of_letters, read, split, step
from longcount.exact.certify import certify
from longcount.exact.many_states import Network
from longcount.exact.one_unit import SATURATED
from longcount.exact.search import search, search_closely
from longcount.exact.witness import decode
from longcount.languages import tasks
from longcount.languages.words import Words
from longcount.training.problem import Problem, problem

PROBLEMS = [
    ("an_bn", tasks.RECOGNISE),
    ("an_bn", tasks.NEXT_LETTERS),
    ("an_bn", tasks.PREDICT),
    ("majority", tasks.RECOGNISE),
    ("dyck1", tasks.NEXT_LETTERS),
]

MOST = 5


def accepted_outside(cell: cells.Cell, flat: np.ndarray, asked: Problem) -> list[str]:
    """All strings of up to `MOST` letters outside the language that a network accepts, one letter after another."""
    weights, language, question = split(cell, list(flat)), asked.language, asked.question
    x, recognises = inputs_of_letters(cell, weights), asked.task == tasks.RECOGNISE
    asks_for_end = recognises or asked.outputs[-1] == "end"
    found: list[str] = []

    def read_on(string: str, state: State, said: list[bool]) -> None:
        for token, letter in enumerate(language.letters):
            if not recognises and not said[token]:
                continue
            after, _ = step(cell, weights, x[token], state)
            shown = [float(y) for y in read(cell, weights, after, question)]
            says = [y > question.threshold if question.link == "softmax" else y >= question.threshold for y in shown]
            if says[-1] or not asks_for_end:
                found.append(string + letter)
            if len(string) + 1 < MOST:
                read_on(string + letter, after, says)

    read_on("", initial_state(cell, weights, np.float32(0)), [bool(may) for may in language.allowed_at_start])
    words = Words.from_strings(found, language.letters)
    goes_on = language.allowed(words)[words.offsets[1:] - 1].any(axis=1)
    outside = ~(language.members(words) if asks_for_end else goes_on)
    return [found[k] for k in np.flatnonzero(outside)]


@pytest.mark.parametrize(("name", "task"), PROBLEMS, ids=lambda value: getattr(value, "name", value))
def test_the_shortest_string_wrongly_accepted_is_found(name, task):
    """Against all short strings, for networks of random weights; some accept none of them."""
    asked = problem(languages.get(name), task)
    cell = cells.get("gru", 2, 1, asked.letters, len(asked.outputs))
    random = np.random.default_rng(4)
    seen = set()
    for scale in (0.5, 3, 9, 9):
        flat = random.uniform(-scale, scale, cell.size()).astype(np.float32)
        twin = accepted_outside(cell, flat, asked)
        found = search_closely(Network(cell, flat), asked, MOST)
        assert found.none_below == (min(map(len, twin)) if twin else MOST + 1)
        if found.accepted is None:
            assert not twin
        else:
            assert "".join(asked.language.letters[token] for token in found.accepted) in twin
            assert len(found.accepted) == found.none_below
        seen.add(bool(twin))
    assert True in seen


def leaking(asked: Problem, kept: float) -> tuple[cells.Cell, np.ndarray]:
    """An LSTM for aⁿbⁿ: a unit counts and forgets a little at each letter, another knows the last letter."""
    cell = cells.get("lstm", 2, 1, asked.letters, len(asked.outputs))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    gates = tensors["weight_ih_l0"].reshape(4, 2, 2)
    gates[0], gates[1, 0], gates[1, 1] = SATURATED, np.log(kept / (1 - kept)), -3 * SATURATED
    gates[2] = [[SATURATED, -SATURATED]] * 2
    tensors["bias_ih_l0"][6:] = SATURATED
    if asked.task == tasks.RECOGNISE:
        tensors["readout.weight"][:], tensors["readout.bias"][:] = [[-40, -40]], [-15]
    else:
        tensors["readout.weight"][:] = [[0, 40], [40, 0], [-40, -40]]
        tensors["readout.bias"][:] = [0, -15, -15]
    return cell, cells.pack(cell, tensors)


@pytest.mark.parametrize("kept", [1 - 1e-3, 1 - 1e-6])
def test_bounds_of_a_network_that_leaks_are_those_of_all_words(kept):
    """Failures of words of n up to 1,000 tokens are bounded to the token, those of longer words from above."""
    asked = problem(languages.get("an_bn"))
    cell, flat = leaking(asked, kept)
    words = Words.from_strings([asked.language.word_of(n) for n in range(1, 900)], "ab")
    found = engine.evaluate(cell, flat[None], words, asked.targets(words))
    first = np.where(found.correct[0], np.inf, found.first_failure[0]).min()
    certificate = certify(cell, flat, asked, limit=2_000)
    assert (certificate.verdict, certificate.upper_bound) == ("bounded", first)
    assert certificate.lower_bound == (first if first < 900 else 998)
    if first < 900:
        assert certificate.wrongly_accepted is not None
        assert decode(certificate.wrongly_accepted, "ab").size == certificate.none_below


def test_a_search_that_is_cut_short_says_only_what_it_knows():
    asked = problem(languages.get("an_bn"))
    cell, flat = leaking(asked, 1 - 1e-4)
    found = search(Network(cell, flat), asked, 30)
    assert (found.lower, found.word, found.none_below, found.accepted) == (30, None, 31, None)


def test_a_language_of_few_words_is_searched_to_its_end():
    few = languages.Machine(
        name="few",
        letters="ab",
        description="ab",
        rules=(("start", "a", "", "middle", ()), ("middle", "b", "", "last", ())),
        ends=(("last", ""),),
    )
    asked = problem(few)
    cell = cells.get("lstm", 1, 1, 2, 2)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    gates = tensors["weight_ih_l0"].reshape(4, 2)
    gates[0], gates[2], gates[3] = 1, [9, -9], 9  # h tells the last letter
    tensors["readout.weight"][:], tensors["readout.bias"][:] = [[0], [9]], [-9, 0]
    found = search(Network(cell, cells.pack(cell, tensors)), asked, 20)
    assert (found.lower, found.word, found.none_below, found.accepted) == (20, None, 21, None)
    tensors["readout.bias"][0] = 9
    found = search(Network(cell, cells.pack(cell, tensors)), asked, 20)
    assert found.word is not None
    assert found.accepted is not None
    assert (found.lower, found.word.tolist(), found.none_below, found.accepted.tolist()) == (0, [0], 2, [0, 0])
