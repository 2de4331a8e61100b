"""What every page has: one HTML file that needs no network, with its charts, colours and scripts in it.

The charts are Vega-Lite, whose JavaScript is embedded once; colours are CSS variables, so that light, dark and print
need no second drawing.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from longcount import cache
from longcount.report.formats import Table, figure_latex
from longcount.report.layout import Figure
from longcount.report.scripts import asset, joined
from longcount.report.style import DEPTH, config

STYLES = ("base.css", "page.css", "phone.css", "explorer.css", "print.css")

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


def document(template: str, figures: Sequence[Figure], scripts: Sequence[str] = (), **parts: Any) -> str:
    """The HTML of a page.

    Args:
        template: a file of the folder ``assets`` that extends ``document.html.j2``.
        figures: whose panels the page's JavaScript draws.
        scripts: files of that folder besides those of all pages, joined in this order.
        parts: whatever else the template names.
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("longcount.report", "assets"), autoescape=True)
    return environment.get_template(template).render(
        figures=figures,
        style=Markup("".join(asset(name) for name in STYLES)),
        script=Markup(joined(("page.js", "keys.js", "copying.js", *scripts))),
        bundle=Markup(vega_bundle().replace("</script", "<\\/script")),
        # Red that is dark enough for white paper is too dark for a dark page.
        panels=as_json({figure.name: _page_panels(figure) for figure in figures}).replace(DEPTH, "var(--red)"),
        texts=as_json(_texts(figures, [*parts.get("tables", ()), *parts.get("further_tables", ())])),
        config=as_json(config("var(--ink)", "var(--quiet)", "var(--grid)", "system-ui, sans-serif", 11.5, "bold")),
        **parts,
    )


def _texts(figures: Sequence[Figure], tables: Sequence[Table]) -> dict[str, str]:
    """What can be copied, by the name of its file."""
    found = {f"{figure.name}.tex": figure_latex(figure.name, figure.sentence) for figure in figures}
    return found | {f"{table.name}.{suffix}": text for table in tables for suffix, text in table.texts.items()}


def as_json(value: Any) -> Any:
    """JSON for a script element, in which no "<" can end the element."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _page_panels(figure: Figure) -> list[list[dict[str, Any]]]:
    height = figure.height + (26 if figure.is_small else 60)
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


def vega_bundle() -> str:
    """The JavaScript of Vega, Vega-Lite and Vega-Embed; kept in the user's cache, as bundling takes a second."""
    import vl_convert

    name = f"page/vega-{version('vl-convert-python')}"
    kept = cache.load(name)
    if kept is not None:
        return kept.decode()
    bundle = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]  (the snippet is optional)
    cache.keep(name, bundle.encode())
    return bundle
