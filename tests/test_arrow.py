import subprocess
import sys

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from longcount import arrow

INTEGERS = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(st.none() | INTEGERS))
def test_numbers_are_pyarrows(values):
    filled = np.array([value or 0 for value in values], np.int64)
    made = arrow.numbers(filled, pa.int32(), np.array([value is not None for value in values], bool))
    assert made.equals(pa.array(values, pa.int32()))


@given(st.lists(st.none() | st.lists(INTEGERS)))
def test_lists_are_pyarrows(parts):
    made = arrow.lists([None if part is None else np.array(part, np.int64) for part in parts], pa.list_(pa.int32()))
    assert made.equals(pa.array(parts, pa.list_(pa.int32())))


@given(st.lists(st.sampled_from(["a", "aⁿbⁿ", ""])))
def test_labels_are_pyarrows(texts):
    names = ["", "a", "aⁿbⁿ"]
    made = arrow.labels(np.array([names.index(text) for text in texts], np.int64), names, pa.int8())
    assert made.equals(pa.DictionaryArray.from_arrays(pa.array(made.indices, pa.int8()), names))
    assert made.to_pylist() == texts


@given(st.lists(st.lists(INTEGERS)))
def test_numbers_come_back(parts):
    whole = pa.chunked_array([pa.array(part, pa.int32()) for part in parts], pa.int32())
    assert arrow.numpy(whole).tolist() == whole.to_pylist()
    assert arrow.numpy(whole.combine_chunks()).tolist() == whole.to_pylist()


def test_a_study_is_trained_without_pandas(tmp_path):
    study = (
        "cell = 'lstm'\nruns = 1\nepochs = 1\n[words]\ntraining_words = 20\nvalidation_words = 20\nlong_words = 20\n"
    )
    (tmp_path / "study.toml").write_text(study)
    program = (
        "import sys; sys.modules['pandas'] = None  # so that importing it fails\n"
        "from longcount.__main__ import main; main()"
    )
    command = [sys.executable, "-c", program, "study", "run", "study.toml", "--out", "store"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "store" / "results" / "first_failures.parquet").exists()
