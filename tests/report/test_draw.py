"""Everything that is drawn: the same bytes again, from the stored results alone."""

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import altair
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

import longcount
from longcount.analysis.results import path_of, read_result, read_results
from longcount.errors import UserError
from longcount.report import image_files
from longcount.report.draw import draw
from longcount.report.figures import figures
from longcount.report.style import COLUMN_WIDTH
from longcount.store.frames import MADE_FROM, keep_frame
from longcount.store.model_stores import keep_models
from longcount.store.store import Store


def hashes(directory):
    """Of every file outside ``log/``."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "log" not in path.relative_to(directory).parts
    }


@pytest.fixture
def copy(drawn, tmp_path):
    """The drawn folder, to be damaged."""
    return shutil.copytree(drawn, tmp_path / "paper")


def test_outputs_that_are_deleted_come_back_with_the_same_bytes_from_another_process(copy):
    before = hashes(copy)
    made = [name for name in before if name.split("/")[0] in ("results", "tables", "figures", "report.html")]
    assert len(made) > 50
    for name in made:
        (copy / name).unlink()
    program = "import sys; from longcount.report.draw import draw; draw(sys.argv[1], jobs=1)"
    subprocess.run([sys.executable, "-c", program, str(copy)], check=True)
    assert hashes(copy) == before


def test_what_a_helper_leaves_undone_is_drawn_here(drawn, tmp_path):
    made = figures(read_results(Store.open(drawn)))[:3]
    with image_files.helpers(jobs=2) as helpers:
        helpers[0].stop()
        image_files.write_figures(tmp_path, made, helpers)
    ends = [f".{suffix}" for suffix in image_files.IMAGE_FORMATS] + ["_column.pdf", "_column.svg"]
    names = {f"{figure.name}{end}" for figure in made for end in ends}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: (drawn / "figures" / name).read_bytes() for name in names
    }


@pytest.mark.usefixtures("without_images")
def test_results_are_not_made_again_where_they_are_up_to_date(copy):
    changed = read_result(copy, "claims").assign(measured="what stands in the file is what is shown")
    table = path_of(copy, "table1").read_bytes()
    made_from = pq.read_schema(path_of(copy, "claims")).metadata[MADE_FROM].decode()
    keep_frame(Store.open(copy), "results/claims.parquet", changed, made_from)
    draw(copy)
    assert "what stands in the file is what is shown" in (copy / "report.html").read_text(encoding="utf-8")
    assert path_of(copy, "table1").read_bytes() == table
    changed.to_parquet(path_of(copy, "claims"), index=False)  # edited by other software
    draw(copy)
    assert "what stands in the file is what is shown" not in (copy / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("without_images")
def test_a_damaged_result_is_made_again(copy):
    good = path_of(copy, "table2").read_bytes()
    path_of(copy, "table2").write_bytes(good[:100])
    draw(copy)
    assert path_of(copy, "table2").read_bytes() == good


def test_no_store_is_one_clear_line(tmp_path):
    with pytest.raises(UserError, match="not a store"):
        draw(tmp_path / "nothing")


def with_few_rows(specification):
    """The same specification with the first two rows of every data set: checking thousands takes the schema minutes."""
    if isinstance(specification, dict):
        return {name: part[:2] if name == "values" else with_few_rows(part) for name, part in specification.items()}
    return [with_few_rows(part) for part in specification] if isinstance(specification, list) else specification


def test_every_panel_is_valid_vega_lite(drawn):
    for figure in figures(read_results(Store.open(drawn))):
        one_line = replace(figure, rows=figure.rows[:1]) if figure.is_small else figure  # the others are as it
        altair.Chart.from_dict(with_few_rows(one_line.for_print()))


def test_figures_are_objects_that_a_notebook_draws(drawn):
    found = longcount.figures(drawn, jobs=1)
    assert set(found) == {path.stem for path in (drawn / "figures").glob("*.png")}
    figure = found["survival"]
    assert repr(figure) == f"Figure(survival: {figure.title})"
    shown = figure._repr_html_()
    assert (drawn / "figures" / "survival.svg").read_text(encoding="utf-8") in shown
    assert figure.title in shown


def test_figures_for_a_column_are_all_panels_within_its_width(drawn):
    made = [figure for figure in longcount.figures(drawn, jobs=1).values() if not figure.is_small]
    for figure in made:
        svg = (drawn / "figures" / f"{figure.name}_column.svg").read_text(encoding="utf-8")
        assert 200 < float(re.findall(r'width="([\d.]+)"', svg)[0]) <= COLUMN_WIDTH + 20, figure.name
        assert float(re.findall(r'height="([\d.]+)"', svg)[0]) < 9.9 * 96, f"{figure.name} is longer than a page"
        panels = figure.for_column()["vconcat"]
        assert len(panels) == sum(len(row) for row in figure.rows)
    assert (drawn / "figures" / "figure1_column.pdf").read_bytes().startswith(b"%PDF")


def test_figures_fit_the_papers_page(drawn):
    pictures = sorted((drawn / "figures").glob("*.png"))
    assert len(pictures) >= 10
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.width <= 6.6 * 300, picture  # inches, at the 300 dots per inch of print
            assert round(image.info["dpi"][0]) == 300, picture
            assert len(np.unique(np.asarray(image.convert("L")))) > 10, picture
        for suffix in (".svg", ".pdf"):
            assert picture.with_suffix(suffix).stat().st_size > 2_000


def test_results_and_tables_agree(drawn):
    csv = pd.read_csv(drawn / "tables" / "table1.csv")
    stored = read_result(drawn, "table1")
    stored = stored[stored["reading"] == "average"]
    assert csv["mean"].tolist() == pytest.approx(stored["mean"].tolist(), rel=1e-7)
    assert list(csv["cell"].unique()) == ["lstm", "relu", "gru", "relu_all", "constant", "perfect"]


def test_a_store_without_measures_says_so(tmp_path, drawn):
    weights = Store.open(drawn).weights("lstm", np.arange(2), np.array([1, 1]))
    keep_models(tmp_path / "bare", {"lstm": weights}, "constructed", {})
    with pytest.raises(UserError, match="not measured on validation words"):
        draw(tmp_path / "bare")


def test_models_that_were_not_trained_here_are_drawn_too(tmp_path, drawn):
    store = Store.open(drawn)
    weights = {cell: store.weights(cell, np.arange(3), np.full(3, 10)) for cell in ("lstm", "gru")}
    splits = {split: store.words(split) for split in store.splits()}
    keep_models(tmp_path / "kept", weights, "constructed", {}, splits)
    draw(tmp_path / "kept", jobs=1)
    names = {path.stem for path in (tmp_path / "kept" / "figures").iterdir()}
    assert {"survival", "averages"} <= names
    assert not names & {"figure1", "figure2"}
    assert set(pd.read_csv(tmp_path / "kept" / "tables" / "table1.csv")["runs"]) == {1, 3}
