"""The page on cells of your own: its blocks run as they are printed."""

import re
from pathlib import Path

from longcount import cells

PAGE = Path(__file__).parents[2] / "docs" / "cells.md"


def test_the_new_cell_trains_as_the_page_says() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    try:
        exec(compile("\n".join(blocks), str(PAGE), "exec"), {"__name__": "page"})
        assert "mgu" in cells.names()
    finally:
        cells.CELLS.pop("mgu", None)
    cell_file = blocks[0].strip().splitlines()
    assert len(cell_file) < 40  # one short file
