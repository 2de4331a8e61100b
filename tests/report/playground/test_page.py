"""The playground in a real browser, offline: driven by clicks, keys and touches, held to the engine's bits."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from longcount import engine
from longcount.languages.words import Words
from longcount.store.exchange import import_models
from longcount.store.store import Store
from longcount.training.engines import initial_weights, orders_of, train_runs

pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning")

LSTM, RELU = 0, 1
"""Places of the page's networks."""


@pytest.fixture
def open_page(browser, few) -> Iterator[Callable[..., Any]]:
    """Open the playground; what goes wrong, and what it asks the network for, is in ``page.complaints``."""
    contexts = []

    def opened(width: int = 1280, scheme: str = "light", fragment: str = "", script: str = "", touch: bool = False):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme, has_touch=touch
        )
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.complaints.append(request.url) if request.url[:4] == "http" else None)
        if script:
            page.add_init_script(script)
        page.goto(few.html.as_uri() + fragment)
        page.evaluate("playground.ready")
        return page

    yield opened
    for context in contexts:
        context.close()


def settled(page) -> dict[str, Any]:
    """The state once training has stopped and everything done by hand has been seen."""
    page.wait_for_function("!playground.state.running && document.getElementById('start').textContent !== 'Pause'")
    page.evaluate("Promise.all([looping, hand])")
    return page.evaluate("playground.state")


def weights_of(state) -> np.ndarray:
    return np.array([network["weights"] for network in state["networks"]], np.float32)


def trained(few, place: int, runs: int, updates: int, **changes: Any) -> np.ndarray:
    """What the engine makes of runs after some updates, float32 [R, P]."""
    condition, words = few.networks[place].model_copy(update=changes), few.splits["dyck1"]["training"]
    state, count = engine.start(initial_weights(condition, range(runs))), len(words)
    cell, targets = condition.built_in_cell(), condition.problem().targets(words)
    for first in range(0, updates, count):
        orders = orders_of(condition, range(runs), first // count + 1, count)[:, : updates - first]
        engine.train(cell, state, words, targets, orders, condition.learning_rate, condition.options())
    return state.parameters


def failures(few, place: int, weights: np.ndarray) -> list[list[int]]:
    """First points of failure on the page's long words."""
    condition, model = few.networks[place], few.data["models"][place]
    language = condition.problem().language
    texts = ["".join(text * times for text, times in probe["parts"]) for probe in model["probes"]]
    words = Words.from_strings(texts, language.letters)
    targets = condition.problem().targets(words)
    return engine.evaluate(condition.built_in_cell(), weights, words, targets).first_failure.tolist()


def test_start_and_pause_leave_the_engines_weights(open_page, few):
    page = open_page()
    assert page.locator("#far tbody tr").count() == 8
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_function("playground.state.updates > 1200")
    page.keyboard.press("Space")  # the button has the focus
    state = settled(page)
    assert weights_of(state).tobytes() == trained(few, LSTM, 8, state["updates"]).tobytes()
    assert [network["failures"] for network in state["networks"]] == failures(few, LSTM, weights_of(state))
    assert f"{state['updates']:,} words read" in page.inner_text("#status")
    assert page.complaints == []


def test_keys_alone_choose_and_train(open_page, few):
    page = open_page()
    page.locator("#cell").focus()
    page.keyboard.type("ReLU")
    page.locator("#networks").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    page.wait_for_function("playground.state.networks.length === 3")
    page.evaluate("beginning")
    page.locator("#step").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("playground.state.updates === 1000")
    state = settled(page)
    expected = train_runs(few.networks[RELU].model_copy(update={"epochs": 1}), range(3), few.splits["dyck1"])
    assert weights_of(state).tobytes() == expected.weights[:, 1].tobytes()
    page.get_by_role("button", name="network 2").focus()
    page.keyboard.press("Enter")
    assert page.inner_text("#inside-name").startswith("network 2")
    assert page.complaints == []


def test_a_weight_by_hand_and_the_slope_act_at_once(open_page, few):
    page = open_page()
    page.click("#step")
    page.wait_for_function("playground.state.updates === 1000")
    before = weights_of(settled(page))
    page.get_by_label("readout.bias, “)”, 0").fill("-3.3")
    page.wait_for_function("Math.abs(playground.state.networks[0].weights[23] + 3.3) < 1e-6")
    state, expected = settled(page), before.copy()
    expected[0, 23] = np.float32(-3.3)
    assert weights_of(state).tobytes() == expected.tobytes()
    assert state["networks"][0]["failures"] == failures(few, LSTM, expected)[0] != failures(few, LSTM, before)[0]

    page.locator("#slope").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#slope-told") == "2"
    state = settled(page)
    expected[:, :20] *= 2  # all but the readout
    assert weights_of(state).tobytes() == expected.tobytes()
    assert [network["failures"] for network in state["networks"]] == failures(few, LSTM, expected)


def test_a_link_brings_the_same_state_back(open_page):
    page = open_page()
    page.click("#step")
    page.wait_for_function("playground.state.updates === 1000")
    page.get_by_label("bias_ih_l0, f, 0").fill("2.5")
    settled(page)
    page.locator("#rate").fill("0.02")
    page.keyboard.press("Tab")
    settled(page)
    page.click("#step")
    page.wait_for_function("playground.state.updates === 2000")
    state = settled(page)
    page.click("#link")
    page.wait_for_function("location.hash.length > 10")
    again = open_page(fragment=page.evaluate("location.hash"))
    found = settled(again)
    assert found["updates"] == 2000
    assert weights_of(found).tobytes() == weights_of(state).tobytes()
    assert again.locator("#rate").input_value() == "0.02"
    assert again.complaints == []


def test_a_downloaded_network_is_imported_with_the_same_bits(open_page, tmp_path):
    page = open_page()
    page.click("#step")
    page.wait_for_function("playground.state.updates === 1000")
    state = settled(page)
    page.get_by_role("button", name="network 5").click()
    with page.expect_download() as download:
        page.click("#save")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    import_models([path], tmp_path / "taken")
    weights = Store.open(tmp_path / "taken").weights("lstm", 0, 0)
    assert weights.tobytes() == weights_of(state)[5].tobytes()


def test_the_recipe_races_the_protocol(open_page, few):
    page = open_page()
    page.select_option("#pace", "full")
    page.fill("#networks", "2")
    page.select_option("#team", "race")
    page.wait_for_function("playground.state.networks.length === 4")
    page.evaluate("beginning")
    page.click("#start")
    page.wait_for_function("playground.state.updates >= 30000", timeout=60_000)
    state = settled(page)
    assert state["updates"] == 30_000  # the paper's thirty epochs
    taught = few.networks[LSTM].model_copy(update={"recipe": "exact", "epochs": 10})
    expected = train_runs(taught, range(2), few.splits["dyck1"]).weights[:, -1]
    assert weights_of(state)[2:].tobytes() == expected.tobytes()
    assert weights_of(state)[:2].tobytes() == trained(few, LSTM, 2, 30_000).tobytes()
    right = [network["failures"] == [1000, 1000, 1000] for network in state["networks"]]
    assert right == [False, False, True, True]
    assert "exact recipe: 2 of 2 right on every validation word, 2 on every long word" in page.inner_text("#status")


def test_the_search_names_a_word_that_fails(open_page, few):
    page = open_page()
    page.click("#step")
    page.wait_for_function("playground.state.updates === 1000")
    weights = weights_of(settled(page))[:1]
    page.click("#bound")
    page.wait_for_function("document.getElementById('told').textContent.includes('first wrong at letter')")
    told = page.inner_text("#told")
    model, problem = few.data["models"][LSTM], few.networks[LSTM].problem()
    words = Words.from_strings(["".join(t * n for t, n in parts) for parts in model["family"]], "()")
    found = engine.evaluate(few.networks[LSTM].built_in_cell(), weights, words, problem.targets(words))
    assert f"first wrong at letter {found.first_failure[~found.correct].min():,} " in told
    assert "searched" in told


def test_words_are_typed_and_refused(open_page):
    page = open_page()
    for text, told in (
        ("(x)", "none of ( )"),
        ("())", "cannot stand there"),
        ("", "at least one"),
        ("(())", "is first wrong at letter"),
    ):
        page.fill("#word", text)
        page.wait_for_function(f"document.getElementById('word-told').textContent.includes({json.dumps(told)})")
    assert page.input_value("#word-kind") == "own"


def test_selfcheck_compares_with_the_engine(open_page, few):
    page = open_page()
    found = page.evaluate("playground.selfcheck()")
    assert found["equal"]
    assert [one["cell"] for one in found["cells"]] == ["lstm", "relu", "gru", "lstm", "leaky"]
    assert [one["equal"] for one in found["cells"]] == [True] * 5
    page.evaluate("data.models[1].check = data.models[0].check")
    found = page.evaluate("playground.selfcheck()")
    assert not found["equal"]
    assert [one["equal"] for one in found["cells"]] == [True, False, True, True, True]


def test_a_browser_without_vectors_is_told_in_a_line(open_page):
    page = open_page(script="WebAssembly.validate = () => false;")
    assert "SIMD" in page.inner_text("#notice")


def test_fingers_start_and_choose(open_page):
    page = open_page(390, touch=True)
    page.tap("#start")
    page.wait_for_function("playground.state.updates > 100")
    page.tap("#start")
    settled(page)
    page.tap("#far tbody tr:nth-child(4) button")
    assert page.inner_text("#inside-name").startswith("network 3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_overflows(open_page, width, scheme):
    page = open_page(width, scheme)
    page.click("#step")
    page.wait_for_function("playground.state.updates === 1000")
    settled(page)
    page.evaluate("document.getElementById('settings').open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_page_is_small_and_names_no_address(few):
    text = few.html.read_text()
    assert len(text) < 1_000_000
    assert 'src="http' not in text
    assert 'href="http' not in text
