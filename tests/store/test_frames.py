"""Frames in a store: read back as they were written, and damage reported in one line."""

import pandas as pd
import pytest

from longcount.errors import UserError
from longcount.store.frames import is_made_from, keep_frame, parquet_bytes, read_frame

FRAME = pd.DataFrame(
    {
        "run": [0, 1, 2],
        "depth": pd.array([3, None, 5], "Int64"),
        "verdict": ["exact", None, "bounded"],
        "loss": [0.1, float("nan"), 2.0],
    },
    index=[7, 8, 9],
)


def test_a_frame_comes_back_with_its_types_and_without_its_index(undisturbed):
    keep_frame(undisturbed, "log/results/frame.parquet", FRAME, "these blocks")
    path = undisturbed.directory / "log/results/frame.parquet"
    pd.testing.assert_frame_equal(read_frame(path, "nothing"), FRAME.reset_index(drop=True))
    assert is_made_from(path, "these blocks")
    assert not is_made_from(path, "others")
    content = path.read_bytes()
    keep_frame(undisturbed, "log/results/frame.parquet", FRAME, "these blocks")
    assert path.read_bytes() == content
    path.unlink()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 1000, parquet_bytes(FRAME)[:-3]])
def test_damage_is_told_of(tmp_path, content):
    path = tmp_path / "frame.parquet"
    with pytest.raises(UserError, match="missing; run `longcount report` to make it"):
        read_frame(path, "longcount report")
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"edited or damaged .*; delete it and run `longcount report`"):
        read_frame(path, "longcount report")
    assert not is_made_from(path, "these blocks")
