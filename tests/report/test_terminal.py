"""Tables for a terminal: they fit, and nothing of them is lost."""

import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longcount.report.formats import Table
from longcount.report.terminal import stacked, table_text

NUMBERS = st.one_of(
    st.integers(0, 10**7).map("{:,}".format),
    st.floats(0, 100).map("{:.6g}".format),
    st.floats(1e-12, 1e-4).map("{:.3g}".format),
    st.tuples(st.floats(0, 999), st.floats(0, 999)).map(lambda ends: f"{ends[0]:.1f}–{ends[1]:.1f}"),
    st.just("1.05 × 10⁻⁸"),
)
NAMES = st.lists(
    st.sampled_from(["lstm", "gru", "learning_rate=0.003", "learning_rate=0.01", "order=shared", "words.q=0.25"]),
    min_size=1, max_size=4,
).map(",".join)  # fmt: skip
WORDS = st.lists(st.sampled_from(["the", "forget", "gate", "saturates", "at", "0.9999"]), max_size=12).map(" ".join)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(1, 4))
    columns = {"condition": draw(st.lists(NAMES, min_size=rows, max_size=rows))}
    for at in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from([NUMBERS, NUMBERS, NAMES, WORDS]))
        columns[f"{draw(st.sampled_from(['mean', 'very long', 'x']))} {at}"] = draw(
            st.lists(kind, min_size=rows, max_size=rows)
        )
    return pd.DataFrame(columns, dtype=object)


def table(shown: pd.DataFrame) -> Table:
    return Table("name", "", "A title", shown, shown, "A caption.", ())


@settings(max_examples=60)
@given(frames(), st.integers(46, 120))
def test_no_line_is_longer_than_the_terminal_and_nothing_is_cut(shown: pd.DataFrame, width: int) -> None:
    text = table_text(table(shown), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for cell in shown.to_numpy().ravel():
        pieces = [piece for piece in re.split(r"(?<=[a-z][_=])|(?<=,)(?=[a-z])|(?<!×)\s(?!×)", cell) if piece]
        assert all(piece in text for piece in pieces), pieces


def test_names_that_differ_at_their_ends_stay_apart() -> None:
    names = [f"lstm-learning_rate=0.003,order=shared,words.training_lengths=2-{n}" for n in (30, 50)]
    shown = pd.DataFrame({"condition": names, "a long description": ["word " * 30] * 2, "runs": ["10", "10"]})
    text = table_text(table(shown), 60)
    assert "lengths=2-30" in text.replace("\n", "")
    assert "lengths=2-50" in text.replace("\n", "")
    assert max(map(len, text.splitlines())) <= 60


def test_columns_without_room_follow_below_under_the_first_again() -> None:
    shown = pd.DataFrame({"run": ["0", "1"], **{f"measure_{k}": ["123.4567890"] * 2 for k in range(9)}})
    text = table_text(table(shown), 60)
    assert text.count("run") == 3
    assert all(f"measure_{k}" in text for k in range(9))


@pytest.mark.parametrize("width", [20, 5])
def test_what_cannot_be_broken_is_never_cut(width: int) -> None:
    shown = pd.DataFrame({"cell": ["lstm"], "loss": ["0.123456789012345678901234567890"]})
    assert "0.123456789012345678901234567890" in table_text(table(shown), width)


def test_ranges_get_rows_of_their_own_and_groups_move_along() -> None:
    shown = pd.DataFrame(
        {"model": ["LSTM", "  std", "GRU"], "long": ["5 (3 / 8)", "1", "7"], "learned": ["1 of 2"] * 3}
    )
    found, groups = stacked(shown, (2,))
    assert found["model"].tolist() == ["LSTM", "  min / max", "  std", "GRU"]
    assert found["long"].tolist() == ["5", "3 / 8", "1", "7"]
    assert found["learned"].tolist() == ["1 of 2", "", "1 of 2", "1 of 2"]
    assert groups == (3,)


def test_colours_set_off_whole_rows() -> None:
    shown = pd.DataFrame({"model": ["LSTM", "  paper"], "long": ["5", "6"]})
    assert "\033[36m  paper" in table_text(table(shown), 80, coloured=True)
    assert "\033" not in table_text(table(shown), 80)
