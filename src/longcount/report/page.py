"""The page: one HTML file with every table and figure and an explorer, which needs no network.

The charts are Vega-Lite, whose JavaScript is embedded once; colours are CSS variables, so that light, dark and print
need no second drawing.
"""

import base64
import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount import __version__
from longcount.analysis import paper
from longcount.analysis.selection import where
from longcount.engine.machine import cache_folder
from longcount.report.figures import Figure
from longcount.report.files import write_bytes
from longcount.report.javascript import cells_script, value_names
from longcount.report.style import config
from longcount.report.table1 import cell_title
from longcount.report.tables import Table, facts, runs_shown
from longcount.studies.protocol import canonical_sha256
from longcount.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

SMALL = 60  # CSS pixels: figures with lower panels are small multiples
EMBEDDED_RUNS = 64  # of each cell, whose weights the explorer holds

_ZOOM = {
    "name": "zoom",
    "bind": "scales",
    # A finger scrolls the page and the wheel does too, unless Shift is held: the page must stay readable.
    "select": {
        "type": "interval",
        "translate": "[pointerdown[event.pointerType === 'mouse'], window:pointerup] > window:pointermove!",
        "zoom": "wheel![event.shiftKey]",
    },
}


def page(store: Store, results: "Results", tables: list[Table], figures: list[Figure]) -> str:
    """The page's HTML."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("longcount.report", "page"), autoescape=True)
    models = embedded_models(store, results)
    source = {name: _source(name) for name in ("page.css", "page.js", "explorer.js")}
    from markupsafe import Markup

    study = ", ".join(f"{condition.runs} {cell_title(condition.folder)}" for condition in store.study.conditions)
    shown = [(table.name, table.short) for table in tables]
    return environment.get_template("page.html.j2").render(
        title="How far can a recurrent network count?",
        lead=f"{study} networks, trained to say which bracket may come next in a Dyck-1 word, and everything that the "
        "paper shows of them, beside the paper's own numbers.",
        sections=[*shown[:3], ("figures", "Figures"), *shown[3:], ("explorer", "Look inside"), ("runs", "Every run")],
        facts=facts(results),
        tables=tables[:3],
        further_tables=tables[3:],
        figures=figures,
        runs=runs_shown(results),
        command="longcount report DIR",
        about=f"Made by longcount {__version__} from study "
        f"{canonical_sha256(store.study.model_dump(mode='json'))[:12]} (seed {store.study.conditions[0].seed}). "
        "Everything on this page is drawn from the folder's results; the same study gives the same bytes.",
        reference=f"The paper: {paper.REFERENCE}",
        style=Markup(source["page.css"]),
        script=Markup(source["page.js"] + source["explorer.js"].replace('"use strict";\n', "", 1)),
        bundle=Markup(vega_bundle().replace("</script", "<\\/script")),
        panels=_json({figure.name: _page_panels(figure) for figure in figures}),
        config=_json(config("var(--ink)", "var(--quiet)", "var(--grid)", "system-ui, sans-serif", 11.5, "bold")),
        models=_json(models),
        cells_script=Markup(cells_script(sorted({model["cell"] for model in models.values()}))),
    )


def _source(name: str) -> str:
    return files("longcount.report").joinpath("page", name).read_text(encoding="utf-8")


def _json(value: Any) -> Any:
    """JSON for a script element, in which no "<" can end the element."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _page_panels(figure: Figure) -> list[list[dict[str, Any]]]:
    height = figure.height + (26 if figure.height < SMALL else 60)
    return [[{**_zoomable(panel), "height": height} for panel in row] for row in figure.rows]


def _zoomable(panel: dict[str, Any]) -> dict[str, Any]:
    """The panel with axes to drag and zoom, where both show numbers."""
    layers = panel.get("layer")
    common = panel.get("encoding", {})
    for at, layer in enumerate(layers or [panel]):
        encoding = {**common, **layer.get("encoding", {})}
        if all(encoding.get(axis, {}).get("type") == "quantitative" for axis in ("x", "y")):
            zoomed = {**layer, "params": [_ZOOM]}
            return {**panel, "layer": [*layers[:at], zoomed, *layers[at + 1 :]]} if layers else zoomed
    return panel


def embedded_models(store: Store, results: "Results") -> dict[str, Any]:
    """What the explorer computes with, by cell: every epoch's weights of up to `EMBEDDED_RUNS` runs, in base 64."""
    models: dict[str, Any] = {}
    for condition in store.study.conditions:
        if condition.module is not None or condition.hidden_size * condition.layers != 1:
            continue
        rows = where(results["models"], cell=condition.folder).iloc[:EMBEDDED_RUNS].to_dict("records")
        runs = np.array([row["run"] for row in rows], np.int64)
        epochs = np.arange(condition.epochs + 1)
        every = store.weights(condition.folder, np.repeat(runs, len(epochs)), np.tile(epochs, len(runs)))
        cell = condition.built_in_cell()
        models[condition.folder] = {
            "cell": cell.name,
            "title": cell_title(condition.folder),
            "state": [name for name in value_names(cell) if name in cell.state_names],
            "epochs": condition.epochs,
            "size": cell.size(),
            "runs": [
                {"run": row["run"], "best": row["epoch"], "told": f"mean FPF {row['very_long_fpf']:.0f}"}
                for row in rows
            ],
            "weights": base64.b64encode(np.ascontiguousarray(every, "<f4").tobytes()).decode(),
        }
    return models


def vega_bundle() -> str:
    """The JavaScript of Vega, Vega-Lite and Vega-Embed; kept in the user's cache, as bundling takes a second."""
    import vl_convert

    folder = cache_folder()
    path = folder / "page" / f"vega-{version('vl-convert-python')}.js" if folder is not None else None
    if path is not None and path.exists():
        return path.read_text(encoding="utf-8")
    bundle = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]  (the snippet is optional)
    if path is not None:
        write_bytes(path, bundle.encode())
    return bundle


def write_page(path: Path, store: Store, results: "Results", tables: list[Table], figures: list[Figure]) -> None:
    """Write the page.

    Raises:
        UserError: where it cannot be written.
    """
    write_bytes(path, page(store, results, tables, figures).encode())
