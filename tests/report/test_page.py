"""The page in a real browser: opens offline, draws every figure, tells on hovering, computes the engine's bits."""

import io
import json
import re
import struct

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

from longcount import engine, languages
from longcount.analysis.models import chosen_models
from longcount.analysis.results import read_result, read_results
from longcount.languages import Machine, Words
from longcount.report.explorer import RUNS, read_by
from longcount.report.figures import figures
from longcount.report.probes import family
from longcount.store.store import Store

from .conftest import opening

pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning")


@pytest.fixture(scope="module")
def shared(browser, drawn):
    with opening(browser) as open_page:
        yield open_page(drawn)


@pytest.fixture
def page(shared):
    """One page for all tests, seen as at first; what a test zooms, sorts and chooses stays."""
    yield shared
    shared.emulate_media(color_scheme="light", media="screen")
    shared.set_viewport_size({"width": 1200, "height": 900})
    shared.complaints.clear()


def show_explorer(page):
    page.locator("#explorer").scroll_into_view_if_needed()
    page.wait_for_selector("#explorer[data-shown]", timeout=60_000)


def test_opens_offline_without_a_complaint_or_a_request(page):
    show_explorer(page)
    assert page.complaints == []


def test_every_figure_draws(page, drawn):
    expected = figures(read_results(Store.open(drawn)))
    assert {"figure1", "figure2", "figure2_long", "figure3", "figure3_all", "survival", "averages"} <= {
        figure.name for figure in expected
    }
    for figure in expected:
        panels = page.locator(f"#{figure.name} .panel")
        assert panels.count() == sum(len(row) for row in figure.rows)
        for at in range(panels.count()):
            marks = panels.nth(at).locator("svg g.mark-group path, svg g[role='graphics-symbol'] path, svg path")
            assert marks.count() > 3, f"{figure.name}, panel {at}"
            assert panels.nth(at).bounding_box()["width"] > 100


def test_hovering_tells_run_epoch_and_value(page):
    panel = page.locator("#figure1 .panel").first
    panel.scroll_into_view_if_needed()
    panel.locator("svg .mark-symbol path").first.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    told = page.locator("#vg-tooltip-element").inner_text()
    assert all(word in told for word in ("run", "epoch", "validation loss", "average FPF"))


def test_shift_and_wheel_zoom_and_the_bare_wheel_does_not(page):
    panel = page.locator("#figure1 .panel").first
    panel.scroll_into_view_if_needed()
    labels = lambda: panel.locator("svg .role-axis-label text").all_inner_texts()  # noqa: E731
    before = labels()
    box = panel.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Shift")
    page.wait_for_timeout(300)
    assert labels() != before
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    assert labels() == before


@pytest.mark.parametrize("cell", ["lstm", "gru", "relu"])
def test_explorers_states_are_the_engines_bit_for_bit(page, drawn, hold_explorer, cell):
    store, generator = Store.open(drawn), np.random.default_rng(7)
    word = "()" * 20 + "".join("(" * height + ")" * height for height in generator.integers(1, 60, 12).tolist())
    for run, epoch in ((0, 0), (1, 10), (2, 5)):
        hold_explorer(page, store, cell, run, epoch, word)


def test_explorer_reads_words_as_the_languages_do(page, words_of):
    for language in languages.LANGUAGES.values():
        texts = words_of(language, (2, 3, 4, 5, 9, 10, 12, 16, 24, 30))
        words = Words.from_strings(texts, language.letters)
        reading = "([language, texts]) => texts.map((text) => longcount.read(language, text))"
        found = page.evaluate(reading, [read_by(language), texts])
        allowed = np.concatenate([part["allowed"] for part in found])
        assert (allowed == language.allowed(words)).all(), language.name
        asked = np.concatenate([part["asked"] for part in found])
        assert (asked == language.targets(words)[:, : len(language.letters)]).all(), language.name
        outside = language.first_bad_tokens(words)
        expected = [int(at) if 0 <= at < length else None for at, length in zip(outside, words.lengths, strict=True)]
        assert [part["outside"] for part in found] == expected, language.name
        assert any(at is not None for at in expected) or language.name in ("semi_dyck1", "majority", "balance")
        if isinstance(language, Machine):
            counts = np.concatenate([part["counts"] for part in found])
            assert (counts == language.counts_after(words)).all(), language.name


def test_explorer_answers_to_its_controls(page, drawn):
    show_explorer(page)
    page.select_option("#explorer-cell", "gru")
    page.select_option("#explorer-run", "2")
    page.fill("#explorer-word", "(()())")
    page.wait_for_selector("#explorer[data-shown^='gru 2'][data-shown$=' 6']")
    best = {
        row["run"]: row["epoch"] for row in chosen_models(Store.open(drawn)).to_dict("records") if row["cell"] == "gru"
    }
    assert page.locator("#explorer-epoch-told").inner_text() == str(best[2])
    assert page.locator("#explorer-table tbody tr").count() == 6
    assert page.locator("#explorer-tracks canvas").count() == 6
    page.locator("#explorer-epoch").fill("0")
    page.wait_for_selector("#explorer[data-shown='gru 2 0 6']")
    page.locator("#explorer-number").fill("100")
    page.wait_for_selector("#explorer[data-shown$=' 2000']")
    for text, complaint in (("(x)", "none of ( )"), ("())", "no word of dyck1 goes on so"), ("", "at least one")):
        page.fill("#explorer-word", text)
        page.wait_for_function(
            f"document.getElementById('explorer-message').textContent.includes({json.dumps(complaint)})"
        )
    assert page.complaints == []


def chosen(page):
    """What is set off: rows of the table of runs, marks of figures, and what the explorer shows."""
    page.wait_for_function("""() => {
        const [model, run, epoch] = document.getElementById("explorer").dataset.shown.split(" ");
        return model === selection.model && run === String(selection.run) && epoch === String(selection.epoch ?? epoch);
      }""")
    rows = page.locator("#runs tbody tr.chosen").all()
    return {
        "bar": page.inner_text("#chosen output"),
        "rows": [row.locator("a").get_attribute("aria-label") for row in rows],
        "figures": page.evaluate(
            "[...new Set([...document.querySelectorAll('.chosen-point, .chosen-line')]"
            ".map((mark) => mark.closest('figure').id))]"
        ),
        "explorer": page.locator("#explorer").get_attribute("data-shown").split()[:3],
    }


def test_a_point_a_curve_and_a_row_choose_one_run_everywhere(page):
    show_explorer(page)
    figures = {"figure1", "figure2", "figure2_long", "failure_lstm", "averages"}
    panel = page.locator("#figure1 .panel").first
    panel.scroll_into_view_if_needed()
    panel.locator("svg .mark-symbol.role-mark path").nth(1).click(force=True)
    found = chosen(page)
    model, run, epoch = found["explorer"]
    assert found["bar"] == f"LSTM run {run}, after epoch {epoch}"
    assert (model, found["rows"]) == ("lstm", [f"LSTM run {run}"])
    assert {"figure1", "figure2"} <= set(found["figures"]) <= figures
    page.wait_for_function(f"location.hash.startsWith('#model=lstm&run={run}&epoch={epoch}&word=')")

    curve = page.locator("#figure2 .panel").nth(1).locator("svg .mark-line path").first
    curve.evaluate("""(path) => {
        const at = path.getPointAtLength(path.getTotalLength() / 2), to = path.getScreenCTM();
        const place = { bubbles: true, clientX: at.x * to.a + to.e, clientY: at.y * to.d + to.f };
        path.dispatchEvent(new PointerEvent("click", place));
      }""")
    found = chosen(page)
    assert found["explorer"][0] == "relu"
    assert found["rows"] == [f"ReLU run {found['explorer'][1]}"]
    assert "figure2" in found["figures"]

    page.evaluate("document.querySelector('#runs details').open = true")
    page.locator("#runs a[aria-label='GRU run 2']").focus()
    page.keyboard.press("Enter")
    found = chosen(page)
    assert (found["explorer"][:2], found["rows"]) == (["gru", "2"], ["GRU run 2"])
    page.locator("#chosen button").click()
    assert not page.locator("#chosen").is_visible()
    assert page.locator(".chosen-point, .chosen-line, #runs tr.chosen").count() == 0
    assert page.complaints == []


def test_keys_reach_points_tell_what_hovering_shows_and_choose(page):
    show_explorer(page)
    panels = page.locator("#figure1 .panel")
    panels.first.focus()
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#mark-told")
    assert all(word in first for word in ("run", "epoch", "validation loss", "average FPF"))
    assert page.locator("#vg-tooltip-element.visible").count() == 1
    page.keyboard.press("ArrowRight")
    second = page.inner_text("#mark-told")
    assert second != first
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#mark-told") == first
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    found = chosen(page)
    assert found["explorer"][0] == "lstm"
    assert all(f"{name} {value}" in second for name, value in zip(("run", "epoch"), found["explorer"][1:], strict=True))
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert chosen(page)["explorer"][0] == "relu"
    assert page.evaluate("document.querySelectorAll('#figure1 .panel[tabindex=\"0\"]').length") == 1
    page.keyboard.press("PageUp")
    assert page.locator("#vg-tooltip-element.visible, .at").count() == 0
    page.locator("#chosen button").click()
    assert page.complaints == []


def test_a_slider_keeps_the_models_of_one_epoch_in_figure_1(page):
    faded = """[...document.querySelectorAll("#figure1 .mark-symbol.role-mark path")].reduce((counts, path) => {
        counts[path.classList.contains("faded") ? 1 : 0]++;
        return counts;
      }, [0, 0])"""
    slider = page.locator("#figure1 label input")
    seen, none = page.evaluate(faded)
    assert none == 0
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#figure1 label output") == "5 alone"
    of_epoch = page.evaluate("""PANELS.figure1[0].flatMap(({ layer }) => layer)
        .flatMap(({ data }) => data?.values ?? [])
        .filter(({ run, epoch }) => run !== undefined && epoch === 5).length""")
    kept, hidden = page.evaluate(faded)
    assert 0 < of_epoch <= kept < seen == kept + hidden
    page.keyboard.press("Home")
    assert page.evaluate(faded) == [seen, 0]


def test_an_address_restores_what_was_seen(opened, drawn):
    page = opened(drawn, at="#model=gru&run=1&epoch=4&word=(3)(2)4&at=5&from=2&to=10")
    page.wait_for_selector("#explorer[data-shown='gru 1 4 10']")
    assert page.input_value("#explorer-word") == "((()(())))"
    assert page.inner_text("#explorer-told").startswith("Token 5, “(”: depth 4, ")
    page.keyboard.press("Tab")
    page.locator("#explorer-at").focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#explorer-told").startswith("Token 6, “)”: depth 3, ")
    page.wait_for_function("location.hash.endsWith('&at=6&from=2&to=10')")
    assert page.locator("#explorer-table tr.chosen td").first.inner_text() == "6"
    page.click("#explorer-whole")
    page.click("#explorer-play")
    page.wait_for_function("document.getElementById('explorer-told').textContent.startsWith('Token 9')")
    page.wait_for_function("document.getElementById('explorer-play').textContent === 'Play'")
    page.wait_for_function("location.hash.endsWith('&at=9')")
    assert page.complaints == []


def test_fingers_see_what_hovering_shows(opened, drawn):
    page = opened(drawn, width=390, at="#figure1", touch=True)
    panel = page.locator("#figure1 .panel").first
    page.wait_for_selector("#figure1 .panel[data-drawn]")
    panel.scroll_into_view_if_needed()
    box = panel.locator("svg .mark-symbol.role-mark path").nth(1).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2 + 4, box["y"] + box["height"] / 2 + 4)  # as fingers do, beside it
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "average FPF" in page.inner_text("#vg-tooltip-element")
    show_explorer(page)
    page.fill("#explorer-word", "()" * 8)
    page.wait_for_selector("#explorer[data-shown$=' 16']")
    into_view = "(element) => element.scrollIntoView({ block: 'center', behavior: 'instant' })"
    page.locator("#explorer-tracks").evaluate(into_view)  # clear of the bar at the foot
    box = page.locator("#explorer-tracks").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 40)
    page.wait_for_function("/^Token [678],/.test(document.getElementById('explorer-told').textContent)")


@pytest.mark.parametrize("cell", ["lstm", "gru", "relu"])
def test_drift_is_the_states_and_the_red_line_is_where_the_answer_turns(page, drawn, cell):
    store, word = Store.open(drawn), "()" * 10 + "((((()))))" * 4 + "(" * 30 + ")" * 30
    tokens = Words.from_strings([word], "()").tokens
    depth, decided = np.cumsum(1 - 2 * tokens.astype(int)), 0
    for run in range(3):
        built, weights = store.condition(cell).built_in_cell(), store.weights(cell, run, 10)
        seen = engine.trace(built, weights, tokens)
        first, second = engine.trace(built, weights, tokens[20:22])[built.counter].ravel().astype(np.float64)
        found = page.evaluate(DRIFT, [cell, run, 10, word])
        if first == second:
            assert found is None
            continue
        drift = seen[built.counter].ravel() / (second - first) - depth
        assert found["values"] == pytest.approx(drift.tolist(), rel=1e-6, abs=1e-6)
        says_yes = seen["outputs"][:, 1] >= 0.5
        known = np.array([turn is not None for turn in found["turn"]])
        beyond = drift > np.array([turn if turn is not None else 0.0 for turn in found["turn"]])
        # Beyond the line the network says one thing, before it the other; which, depends on the signs of its weights.
        assert (beyond[known] == says_yes[known]).all() or (beyond[known] != says_yes[known]).all()
        decided += len(set(says_yes[known].tolist())) == 2
    assert decided or cell == "gru"  # which says the same at all depths after so few words


def test_exact_networks_stand_beside_a_trained_one_and_are_looked_into(page):
    show_explorer(page)
    page.select_option("#explorer-cell", "lstm")
    page.fill("#explorer-word", "()" * 300)
    page.wait_for_selector("#explorer[data-shown^='lstm'][data-shown$=' 600']")
    rows = page.locator("#explorer-beside tbody tr")
    told = [row.inner_text() for row in rows.all()]
    assert told[0].startswith("trained: run 0 after epoch ")
    assert "proved" not in told[0].replace("nothing is proved", "")
    assert all("right at all 600" in text and "proved exact to depth 16,777,216" in text for text in told[1:])
    assert {"learned", "constructed"} <= {text.split(":")[0] for text in told[1:]}
    assert ["say ) if r0 > 0" in text or "say ) if r0 < 0" in text for text in told] == [False, *[True] * len(told[1:])]
    rows.last.locator("button").click()
    page.wait_for_selector("#explorer[data-shown^='lstm constructed']")
    page.wait_for_function("location.hash.startsWith('#model=lstm&run=constructed')")
    assert page.inner_text("#explorer-message") == "Right at all 600 tokens."
    assert page.locator("#explorer-epoch").is_disabled()
    assert page.complaints == []


def test_its_own_worst_word_is_where_the_engine_fails_first_in_the_family(page, drawn):
    store, language = Store.open(drawn), languages.get("dyck1")
    texts = ["".join(text * times for text, times in parts) for parts in family(language)]
    words = Words.from_strings(texts, language.letters)
    show_explorer(page)
    page.select_option("#explorer-cell", "lstm")
    page.select_option("#explorer-run", "1")
    epoch = int(page.input_value("#explorer-epoch"))
    cell, weights = store.condition("lstm").built_in_cell(), store.weights("lstm", 1, epoch)
    failures = engine.evaluate(cell, weights[None], words, language.targets(words)).first_failure[0]
    worst = int(np.argmin(np.where(failures < words.lengths, failures, 2**31 - 1)))
    assert failures[worst] < words.lengths[worst], "a network that never fails shows nothing"
    page.get_by_role("button", name="Its own worst word").click()
    page.wait_for_selector(f"#explorer[data-shown='lstm 1 {epoch} {len(texts[worst])}']")
    assert page.input_value("#explorer-word") == texts[worst]
    assert f"First failure at token {failures[worst]} of" in page.inner_text("#explorer-message")
    told = page.locator("#explorer-beside tbody tr").first.inner_text()
    assert f"not exact: fails at token {failures[worst]} of" in told


def test_a_browser_without_vectors_is_told_in_a_line_and_has_all_the_rest(opened, drawn):
    page = opened(drawn, at="#explorer", script="WebAssembly.validate = () => false;")
    page.evaluate("longcount.ready")
    assert "SIMD" in page.inner_text("#explorer-message")
    assert not page.locator("#explorer-controls, #explorer-views").filter(visible=True).count()
    page.wait_for_selector("#figure1 .panel[data-drawn]")
    assert page.complaints == []


def test_menu_leads_to_what_there_is_and_closes(page):
    links = page.locator("nav.sections a")
    assert links.count() > 15
    ids = links.evaluate_all("(links) => links.map((link) => link.hash.slice(1))")
    assert page.evaluate("(ids) => ids.filter((id) => !document.getElementById(id))", ids) == []
    causes = page.locator("nav.sections details", has_text="Causes")
    inside = causes.locator("a", has_text="Why the LSTM fails")
    causes.locator("summary").focus()
    page.keyboard.press("Enter")
    assert inside.is_visible()
    page.keyboard.press("Escape")
    assert not inside.is_visible()
    causes.locator("summary").click()
    inside.click()
    assert not inside.is_visible()
    page.wait_for_function(
        "Math.abs(document.getElementById('failure_lstm').getBoundingClientRect().top) < 150", timeout=5000
    )


def test_opening_shows_where_the_constant_answer_fails_first(page, drawn):
    assert page.locator("#opening text.wrong").all_text_contents() == ["yes", "yes", "first point of failure: 5"]
    constant = read_result(drawn, "table1").query("condition == 'constant' and measure == 'very_long_fpf'")["mean"]
    assert f"an average of {constant.iloc[0]:.0f} of" in page.inner_text("#opening li:last-child")


def test_tables_and_figures_are_copied_and_saved(page, drawn):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for suffix in ("tex", "csv", "md"):
        page.locator(f"button[data-take='text table1.{suffix}']").click()
        page.wait_for_function("document.activeElement.textContent === 'copied'")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == (drawn / "tables" / f"table1.{suffix}").read_text(encoding="utf-8")
    page.locator("button[data-take='rows figure1']").click()
    page.wait_for_function("document.activeElement.textContent === 'copied'")
    frame = pd.read_csv(io.StringIO(page.evaluate("navigator.clipboard.readText()")))
    expected = read_result(drawn, "checkpoints").query("condition == 'lstm' and kept and epoch > 0")
    points = frame[(frame["panel"] == "LSTM") & frame["loss"].notna()]
    assert points["fpf"].tolist() == pytest.approx(expected["very_long_fpf"].tolist(), rel=1e-4)
    svg = (drawn / "figures" / "figure1_column.svg").read_text(encoding="utf-8")
    assert 280 < float(re.findall(r'width="([\d.]+)"', svg)[0]) < 330
    included = page.evaluate("TEXTS['figure1.tex']")
    assert r"\includegraphics[width=\linewidth]{figures/figure1.pdf}" in included
    assert (drawn / "figures" / "figure1.pdf").is_file()


def test_tables_sort_by_number(page):
    show_explorer(page)  # it stands above and grows when it is first seen: what is clicked below would move
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    heading = page.locator("#runs thead th", has_text="very long FPF")
    column = [th.inner_text() for th in page.locator("#runs thead th").all()].index("very long FPF")
    for direction in ("ascending", "descending"):
        heading.click()
        assert heading.get_attribute("aria-sort") == direction
        shown = page.evaluate(
            "(at) => [...document.querySelectorAll('#runs tbody tr')].map((row) => Number(row.cells[at].textContent))",
            column,
        )
        assert shown == sorted(shown, reverse=direction == "descending")
        assert len(shown) == 12


def test_nothing_is_wider_than_the_window(page):
    for width in (360, 390, 800, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        show_explorer(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_print_change_the_colours_of_figures(page):
    ink = "getComputedStyle(document.querySelector('#figure1 svg .role-title text, #figure1 svg text')).fill"
    light = page.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ink)
    page.emulate_media(color_scheme="dark", media="print")
    assert light != dark
    assert page.evaluate(ink) not in (dark,)


def test_print_right_after_loading_has_every_figure_and_folds_nothing(browser, drawn, tmp_path):
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((drawn / "report.html").as_uri(), wait_until="domcontentloaded")
    # Frozen in the moment of printing, as nothing can be asked of a page while it prints.
    page.evaluate("""addEventListener("beforeprint", () => Promise.resolve().then(async () => {
        for (let turn = 0; turn < 10_000; turn++) await null; // after the promises, and before any timer
        const count = (what) => document.querySelectorAll(what).length;
        window.printed = [count(".panel"), count(".panel svg"), count("main details"), count("main details[open]")];
      }))""")
    page.pdf(path=tmp_path / "page.pdf")
    panels, drawings, details, unfolded = page.evaluate("window.printed")
    assert panels == drawings > 10
    assert details == unfolded > 0
    page.emulate_media(media="print")
    assert not page.locator("#explorer").is_visible()
    page.close()
    assert complaints == []


def test_on_a_phone_the_first_column_and_the_menu_stay_and_targets_are_large(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.scrollTo(0, 4000)")
    table = page.locator("#table1 .scroll")
    first = table.locator("tbody th").first
    before = first.bounding_box()["x"]
    table.evaluate("(element) => (element.scrollLeft = 150)")
    assert table.evaluate("(element) => element.scrollLeft") > 50, "nothing to scroll: the test shows nothing"
    assert first.bounding_box()["x"] == pytest.approx(before, abs=1)
    assert page.locator("nav.sections").bounding_box()["y"] == pytest.approx(0, abs=1)
    small = page.evaluate(
        "[...document.querySelectorAll('nav a, .files a, summary')].filter((element) => element.offsetHeight > 0 && "
        "element.getBoundingClientRect().height < 24).map((element) => element.outerHTML)"
    )
    assert small == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, width, scheme):
    show_explorer(page)
    page.fill("#explorer-word", "(()())")  # a short table is searched sooner
    page.wait_for_selector("#explorer[data-shown$=' 6']")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    # Colours are all that dark changes; figures have all theirs in common, and so have rows of a table: searching every
    # one takes long.
    colours, rows = {"runOnly": ["color-contrast"]}, ["tbody tr:nth-child(n + 4)"]
    searched = [({"exclude": [["svg"], rows]}, colours if scheme == "dark" else {})]
    if width == 1280:
        searched.append(({"include": [["#failure_lstm"], ["#figure3"]], "exclude": [["svg path"]]}, colours))
    for parts, rules in searched:
        found = Axe().run(page, parts, rules)
        assert found.violations_count == 0, found.generate_report()


def test_files_are_linked_and_there(page, drawn):
    links = page.evaluate("[...document.querySelectorAll('.files a')].map((link) => link.getAttribute('href'))")
    assert len(links) > 40
    assert {link.rpartition(".")[2] for link in links} == {"pdf", "svg", "png", "csv", "tex", "md", "parquet"}
    assert all((drawn / link).is_file() for link in links)


def test_page_is_small_and_names_no_address(drawn):
    text = (drawn / "report.html").read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert 'src="http' not in text
    assert 'href="http' not in text


def test_weights_of_every_epoch_are_embedded(page, drawn):
    store = Store.open(drawn)
    for condition in store.study.conditions:
        runs = min(condition.runs, RUNS)
        for run in range(runs):
            asked = [condition.folder, run, condition.epochs]
            found = page.evaluate("async (asked) => [...await longcount.weights(...asked)]", asked)
            assert (
                struct.pack(f"<{len(found)}f", *found)
                == store.weights(condition.folder, run, condition.epochs).tobytes()
            )


DRIFT = """
  async (asked) => {
    const { drift } = await longcount.look(...asked);
    const turn = drift && [...drift.band.turn].map((one) => (isFinite(one) ? one : null));
    return drift && { values: [...drift.values], turn };
  }
"""
