"""Figures as files: SVG, PDF and PNG of one Vega-Lite description, the same bytes every time.

vl-convert draws a figure in all three formats in a tenth of a second, without a browser; Matplotlib took over a second.
"""

import re
from pathlib import Path
from typing import Any

from longcount.report.figures import Figure
from longcount.report.files import write_bytes
from longcount.report.style import PNG_SCALE, config

FORMATS = ("svg", "pdf", "png")


def draw(directory: Path, figure: Figure) -> None:
    """Write a figure into a folder, in every format.

    Raises:
        UserError: where the folder cannot be written.
    """
    for suffix, content in drawn(figure.for_print()).items():
        write_bytes(directory / f"{figure.name}.{suffix}", content)


def drawn(specification: dict[str, Any]) -> dict[str, bytes]:
    """A Vega-Lite specification in every format, on white."""
    import vl_convert

    specification = {**specification, "config": {**config(), "background": "white"}, "padding": 4}
    svg = _with_ids_of_its_own(vl_convert.vegalite_to_svg(specification))
    return {
        "svg": svg.encode(),
        "pdf": _in_fixed_order(vl_convert.svg_to_pdf(svg)),
        "png": vl_convert.svg_to_png(svg, scale=PNG_SCALE),
    }


_ID = re.compile(r'(?<=[" ]id=")[^"]+(?=")')


def _with_ids_of_its_own(svg: str) -> str:
    """The same SVG with its ids numbered from 1: Vega goes on counting from one figure to the next."""
    for number, found in enumerate(dict.fromkeys(_ID.findall(svg)), start=1):
        svg = re.sub(rf'(?<=[#"]){re.escape(found)}(?=[")])', f"part-{number}", svg)
    return svg


_RESOURCES = re.compile(rb"(?:^ +/[a-z]+\d+ \d+ 0 R\n)+", re.MULTILINE)


def _in_fixed_order(pdf: bytes) -> bytes:
    """The same PDF with the entries of its resource dictionaries sorted: their order is all that varies.

    Entries keep their bytes, so every object stays where the table of cross references says.
    """
    return _RESOURCES.sub(lambda found: b"".join(sorted(found.group().splitlines(keepends=True))), pdf)
