"""The page on languages: its cells run as they stand, and its table names every language."""

import re
from pathlib import Path

from longcount import languages
from longcount.languages.splits import SAMPLERS

PAGE = Path(__file__).parents[2] / "docs" / "languages.md"


def test_the_page_shows_every_language_and_a_new_one(capsys) -> None:
    text = PAGE.read_text(encoding="utf-8")
    cells = re.findall(r"```\{code-cell\} ipython3\n(?::tags:[^\n]*\n\n)?(.*?)```", text, re.DOTALL)
    assert len(cells) == text.count("{code-cell}")
    page: dict = {"__name__": "page"}
    exec(compile("\n".join(cells), str(PAGE), "exec"), page)
    rows = page["table"].splitlines()[2:]
    assert [re.match(r"\| `(\w+)` \|", row)[1] for row in rows] == list(languages.names())  # type: ignore[index]
    assert all(len(row.split(" | ")) == 7 for row in rows)
    assert "| `ab` | 1 | yes | `ab`, `aaabbb`, `aaaabbbb` |" in page["table"]
    assert page["FRAME"].count(7) == 3
    assert page["words"].letters == "()[]"
    assert all(f"`{sampler}`" in text for sampler in SAMPLERS)
    assert "frame: no word can be completed from state 'before'" in capsys.readouterr().out
