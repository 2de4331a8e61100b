"""Figures as files: SVG, PDF and PNG of one Vega-Lite description, the same bytes every time.

vl-convert draws a figure in all three formats in a fifth of a second, without a browser; Matplotlib took over a second.
It draws one at a time in a process, whatever the number of threads, so where there are cores for it, two processes of
their own share the work: ``python -m longcount.report.image_files`` draws what it reads. So that such a process is
soon ready, this module imports next to nothing of the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longcount.errors import UserError
from longcount.report.style import CSS_DENSITY, PNG_DENSITY, config
from longcount.report.writing import write_bytes

if TYPE_CHECKING:
    from longcount.report.layout import Figure

POINTS = 72  # an inch: vl-convert takes a pixel of the SVG for a point
IMAGE_FORMATS = ("svg", "pdf", "png")
IN_COLUMN = "_column"
"""Ends the names of figures of a column's width, which are vectors alone."""

ADDRESSES, DESCRIPTORS = 2**36, 64
"""Bytes of address space and open files that the JavaScript engine needs; without them it ends the process."""


def refuse_tight_limits() -> None:
    """Raise UserError where the limits of this process leave too little to draw."""
    addresses, descriptors = (resource.getrlimit(each)[0] for each in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE))
    if addresses != resource.RLIM_INFINITY and addresses < ADDRESSES:
        raise UserError(
            f"drawing needs {ADDRESSES >> 10:,} kB of address space; the limit is {addresses >> 10:,} (ulimit -v)"
        )
    if descriptors != resource.RLIM_INFINITY and descriptors < DESCRIPTORS:
        raise UserError(f"drawing needs {DESCRIPTORS} open files; the limit is {descriptors} (ulimit -n)")


class Helper:
    """A process that draws. It begins at once to load what it needs; `drawing` gives it its share."""

    def __init__(self) -> None:
        # -P: modules of the current folder are not for us.
        command = [sys.executable, "-P", "-m", "longcount.report.image_files"]
        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere)
        assert self._process.stdin is not None
        self._pipe = self._process.stdin

    def begin(self, directory: Path, share: dict[str, dict[str, Any]]) -> None:
        """Have figures drawn into a folder: specifications by name."""
        with contextlib.suppress(OSError, ValueError), self._pipe:  # it is gone: `finished` will say so
            self._pipe.write(json.dumps([str(directory.absolute()), share]).encode())

    def finished(self) -> bool:
        """Wait for it; whether all that it was given is drawn."""
        return self._process.wait() == 0

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._pipe.close()


@contextlib.contextmanager
def helpers(jobs: int) -> Iterator[list[Helper]]:
    """Two helpers where there are cores for them, else none; stopped at the end. UserError where nothing can be drawn
    within the limits of this process."""
    refuse_tight_limits()
    started: list[Helper] = []
    try:
        for _ in range(2 if jobs > 1 else 0):
            with contextlib.suppress(OSError):  # no room for another process: we draw ourselves
                started.append(Helper())
        yield started
    finally:
        for each in started:
            each.stop()


@contextlib.contextmanager
def drawing(directory: Path, figures: Sequence[Figure], by: Sequence[Helper] = ()) -> Iterator[None]:
    """Write figures into a folder, in every format, by helpers where there are any: they draw while the body runs.

    Raises:
        UserError: where the folder cannot be written.
    """
    work = {figure.name: figure.for_print() for figure in figures}
    work |= {figure.name + IN_COLUMN: figure.for_column() for figure in figures if not figure.is_small}
    left = work if not by else {}
    shares = _dealt(work, len(by))
    for each, share in zip(by, shares, strict=True):
        each.begin(directory, share)
    yield
    for each, share in zip(by, shares, strict=True):
        if not each.finished():
            left |= share  # what hindered it will hinder us too, and be told
    for name, specification in left.items():
        _write(directory, name, specification)


def write_figures(directory: Path, figures: Sequence[Figure], by: Sequence[Helper] = ()) -> None:
    """Write figures and return when they are there; see `drawing`."""
    with drawing(directory, figures, by):
        pass


def _dealt(work: dict[str, dict[str, Any]], number: int) -> list[dict[str, dict[str, Any]]]:
    """That many shares of about the same length: the longest first, each to whoever has least."""
    shares: list[dict[str, dict[str, Any]]] = [{} for _ in range(number)]
    lengths = {name: len(json.dumps(specification)) for name, specification in work.items()}
    for name in sorted(work, key=lambda name: lengths[name], reverse=True) if shares else []:
        least = min(shares, key=lambda share: sum(lengths[each] for each in share))
        least[name] = work[name]
    return shares


def _write(directory: Path, name: str, specification: dict[str, Any]) -> None:
    formats = IMAGE_FORMATS[:2] if name.endswith(IN_COLUMN) else IMAGE_FORMATS
    for suffix, content in drawn(specification, formats).items():
        write_bytes(directory / f"{name}.{suffix}", content)


def drawn(specification: dict[str, Any], formats: Sequence[str] = IMAGE_FORMATS) -> dict[str, bytes]:
    """A Vega-Lite specification in some formats, on white."""
    svg = drawn_svg(specification)
    import vl_convert

    made = {
        "svg": svg.encode,
        "pdf": lambda: _in_fixed_order(vl_convert.svg_to_pdf(svg)),
        "png": lambda: vl_convert.svg_to_png(svg, scale=POINTS / CSS_DENSITY, ppi=PNG_DENSITY),
    }
    return {suffix: made[suffix]() for suffix in formats}


def drawn_svg(specification: dict[str, Any]) -> str:
    """A Vega-Lite specification as SVG, on white."""
    refuse_tight_limits()
    import vl_convert

    specification = {**specification, "config": {**config(), "background": "white"}, "padding": 4}
    return _with_ids_of_its_own(vl_convert.vegalite_to_svg(specification))


_ID = re.compile(r'(?<=[" ]id=")[^"]+(?=")')


def _with_ids_of_its_own(svg: str) -> str:
    """The same SVG with its ids numbered from 1: Vega counts on from one figure to the next."""
    for number, found in enumerate(dict.fromkeys(_ID.findall(svg)), start=1):
        svg = re.sub(rf'(?<=[#"]){re.escape(found)}(?=[")])', f"part-{number}", svg)
    return svg


_RESOURCES = re.compile(rb"(?:^ +/[a-z]+\d+ \d+ 0 R\n)+", re.MULTILINE)


def _in_fixed_order(pdf: bytes) -> bytes:
    """The same PDF with the entries of its resource dictionaries sorted: their order is all that varies.

    Entries keep their bytes, so every object stays where the table of cross references says.
    """
    return _RESOURCES.sub(lambda found: b"".join(sorted(found.group().splitlines(keepends=True))), pdf)


def main() -> None:
    """Draw the figures that arrive as JSON: a folder, and specifications by name."""
    drawn({"mark": "point"})  # loads the JavaScript engine while the figures are still being thought of
    if text := sys.stdin.read():
        directory, figures = json.loads(text)
        for name, specification in figures.items():
            _write(Path(directory), name, specification)
    os._exit(0)  # the JavaScript engine would take half a second to leave


if __name__ == "__main__":
    main()
