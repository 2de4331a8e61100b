"""Files of tensors: written and read to the bit; damaged, foreign and dangerous ones refused in one clear line."""

import io
import os
import pickle
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from longcount.errors import UserError
from longcount.store.tensor_files import read_tensors, write_tensors

TENSORS = {
    "weight_ih_l0": np.array([[1.5, -0.0], [np.float32(1e-42), 3e38]], np.float32),
    "readout.bias": np.array([0.1, -2], np.float32),
}


@pytest.mark.parametrize("suffix", ["safetensors", "pt", "pth"])
def test_what_is_written_is_read_to_the_bit(tmp_path, suffix):
    path = tmp_path / f"model.{suffix}"
    read_only = {name: tensor.copy() for name, tensor in TENSORS.items()}
    for tensor in read_only.values():
        tensor.flags.writeable = False
    write_tensors(path, read_only, "lstm")
    tensors, cell = read_tensors(path)
    assert cell == ("lstm" if suffix == "safetensors" else None)
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(tensors[name].view(np.int32), tensor.view(np.int32))
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


def test_a_header_whose_length_begins_like_a_pickle(tmp_path):
    """The length stands first, its lowest byte in front; that of a pickle is 128."""
    path, first_bytes = tmp_path / "model.safetensors", set()
    for length in range(0, 256, 8):
        write_tensors(path, TENSORS, "x" * length)
        first_bytes.add(path.read_bytes()[0])
        tensors, cell = read_tensors(path)
        assert tensors.keys() == TENSORS.keys()
        assert cell == "x" * length
    assert 0x80 in first_bytes


def test_written_files_are_the_same_bytes_again(tmp_path):
    for suffix in ("safetensors", "pt"):
        write_tensors(tmp_path / f"a.{suffix}", TENSORS, "gru")
        first = (tmp_path / f"a.{suffix}").read_bytes()
        write_tensors(tmp_path / f"a.{suffix}", TENSORS, "gru")
        assert (tmp_path / f"a.{suffix}").read_bytes() == first


def test_others_read_what_is_written(tmp_path):
    write_tensors(tmp_path / "a.safetensors", TENSORS, "lstm")
    write_tensors(tmp_path / "a.pt", TENSORS, "lstm")
    for read in (
        safetensors.torch.load_file(tmp_path / "a.safetensors"),
        torch.load(tmp_path / "a.pt", weights_only=True),
    ):
        assert {name: tensor.tolist() for name, tensor in read.items()} == {
            name: tensor.tolist() for name, tensor in TENSORS.items()
        }


@pytest.mark.parametrize("path", ["model", "model.onnx", "model.txt"])
def test_a_suffix_that_says_nothing(tmp_path, path):
    with pytest.raises(UserError, match=r"the suffix says what to write; it should be one of .safetensors, .pt, .pth"):
        write_tensors(tmp_path / path, TENSORS, "lstm")
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(UserError, match="a folder; give the name of a file"):
        write_tensors(tmp_path / "folder.pt", TENSORS, "lstm")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a file stands where a folder should be"):
        write_tensors(tmp_path / "file" / "model.pt", TENSORS, "lstm")


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: OrderedDict(state),
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"step": torch.tensor(1)}},
        lambda state: {"model": {"state_dict": state}},
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_as_people_save_them(saved, wrapped, zipped):
    state = nn.LSTM(2, 1).state_dict()
    path = saved(wrapped(state), _use_new_zipfile_serialization=zipped)
    tensors, cell = read_tensors(path)
    assert cell is None
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        name: tensor.tolist() for name, tensor in state.items()
    }


def test_narrow_floats_are_read_exactly(saved):
    for number in (torch.float16, torch.bfloat16):
        tensors, _ = read_tensors(saved({"a": torch.tensor([0.1, 3.0], dtype=number)}))
        assert tensors["a"].dtype == np.float32
        assert tensors["a"].tolist() == torch.tensor([0.1, 3.0], dtype=number).tolist()


class RunsCode:
    """A pickle of it runs a command when loaded."""

    def __reduce__(self):
        return os.system, ("touch ran",)


class Whole(nn.Module):
    """Saved whole, it needs its class when loaded."""


def pickled(thing: object, protocol: int) -> bytes:
    return pickle.dumps(thing, protocol=protocol)


def archive(thing: object) -> bytes:
    stream = io.BytesIO()
    torch.save(thing, stream)
    return stream.getvalue()


def other_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.txt", "a")
    return stream.getvalue()


REFUSALS = {
    "code in an archive": (archive({"a": RunsCode()}), "it holds more than tensors (posix.system), and reading"),
    "a whole module": (archive(Whole()), "refused: it holds more than tensors ("),
    "code in a pickle": (pickled({"a": RunsCode()}, 2), "refused: it holds more than tensors (posix.system)"),
    "code in a newer pickle": (pickled({"a": RunsCode()}, 4), "refused: a pickle that is not a state dict"),
    "a list": (archive([torch.ones(1)]), "holds no state dict: tensors by name"),
    "numbers": (archive({"a": 1.0}), "holds no state dict"),
    "an empty state dict": (archive({}), "holds no state dict"),
    "numbered tensors": (archive({1: torch.ones(1)}), "holds no state dict"),
    "a sparse tensor": (archive({"a": torch.eye(2).to_sparse()}), "a is sparse, quantised or without data"),
    "a tensor without data": (archive({"a": torch.empty(2, device="meta")}), "a is sparse, quantised or without data"),
    "another archive": (other_zip(), "damaged, or no state dict saved by PyTorch"),
    "empty": (b"", "neither a safetensors file nor a state dict saved by PyTorch"),
    "text": (b"weight_ih_l0: 1, 2, 3\n", "neither a safetensors file nor a state dict"),
    "a header too long": (b"\xff" * 8 + b"{}", "a damaged safetensors file"),
    "no JSON": ((3).to_bytes(8, "little") + b"{a}", "a damaged safetensors file"),
    "BF16": (
        safetensors.torch.save({"a": torch.ones(2, dtype=torch.bfloat16)}),
        "holds numbers of type BF16; save the model as float32",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "line"), REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.filterwarnings("ignore:Sparse")
def test_refused_files(tmp_path, monkeypatch, content, line):
    monkeypatch.chdir(tmp_path)
    Path("their.file").write_bytes(content)
    with pytest.raises(UserError, match=re.escape(line)) as refused:
        read_tensors("their.file")
    assert str(refused.value).startswith("their.file: ")
    assert "\n" not in str(refused.value)
    assert not Path("ran").exists()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="No such file or directory; expected a safetensors file"):
        read_tensors(tmp_path / "missing.pt")
    with pytest.raises(UserError, match="directory"):
        read_tensors(tmp_path)


FILES = {
    "safetensors": safetensors.torch.save(nn.GRU(2, 1).state_dict()),
    "pytorch": archive(nn.GRU(2, 1).state_dict()),
}


def read_or_refused(content: bytes) -> dict[str, np.ndarray] | None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            return read_tensors(file.name)[0]
        except UserError:
            return None


@settings(max_examples=60)
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1, exclude_max=True))
def test_truncated_files_are_refused(kind, share):
    content = FILES[kind]
    assert read_or_refused(content[: int(share * len(content))]) is None


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1),
)
def test_damaged_files_are_read_or_refused(kind, changes):
    content = bytearray(FILES[kind])
    for share, byte in changes:
        content[int(share * len(content))] = byte
    read_or_refused(bytes(content))


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from longcount.commands.application import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_pytorch_one_line_says_how_to_get_it(tmp_path, saved):
    (tmp_path / "torch.toml").write_text('cell = "lstm"\nengine = "torch"\nruns = 1\n')
    path = saved(nn.LSTM(2, 1).state_dict())
    for arguments in (
        ["import", path, "--out", tmp_path / "store"],
        ["study", "run", tmp_path / "torch.toml", "--out", tmp_path / "other"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 2, done.stderr
        last = done.stderr.splitlines()[-1]
        assert last == "longcount: PyTorch is not installed; install it with pip install 'longcount[torch]'"
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_safetensors_need_no_pytorch(tmp_path):
    write_tensors(tmp_path / "model.safetensors", TENSORS, "lstm")
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from longcount.store.tensor_files import read_tensors\n"
        f"print(*read_tensors({str(tmp_path / 'model.safetensors')!r})[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(TENSORS)
