from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.atomic_file import make_writable_folder, write_atomically
from seegrad.nn.weights import load_arrays, save_arrays


def make_model(seed):
    sg.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def assert_same_state(one, other):
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], strict=True)


def with_header(header, body=b"\0" * 4):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


ONE = '"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'


def entry(**changes):
    return with_header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | changes})


def test_round_trip(tmp_path):
    model, other = make_model(0), make_model(1)
    nn.save_weights(model, tmp_path / "w.safetensors")
    nn.load_weights(other, tmp_path / "w.safetensors")
    assert_same_state(model.state_dict(), other.state_dict())
    assert os.listdir(tmp_path) == ["w.safetensors"]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1", "i8", "?"])
def test_arrays_of_any_layout(tmp_path, dtype):
    base = np.arange(24).reshape(2, 3, 4).astype(dtype)
    arrays = {
        "plain": base,
        "turned": base.T,
        "reversed": base[::-1, :, ::2],
        "empty": base[:0],
        "number": base[0, 0, 1],
    }
    save_arrays(arrays, tmp_path / "a.safetensors")
    loaded = load_arrays(tmp_path / "a.safetensors")
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array, strict=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"<!DOCTYPE html><html>not found</html>",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        struct.pack("<Q", 50_000_000) + b"{}",
        with_header(b"\xff\xfe{}"),
        with_header(b"{'a': 1"),
        with_header(b"[" * 100_000),
        with_header(b"[]"),
        with_header(b"{" + f"{ONE}, {ONE}".encode() + b"}"),
        entry(shape=[2]),
        entry(shape=[2**40, 2**40]),
        entry(shape=[-1]),
        entry(dtype="X9"),
        entry(data_offsets=[0, 400]),
        entry(data_offsets=[4, 0]),
        with_header({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}),
        entry()[:-1],
        entry() + b"more",
    ],
)
def test_damaged_file(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    model = make_model(0)
    before = model.state_dict()
    with pytest.raises(ValueError, match="w.safetensors is not a sound safetensors file"):
        nn.load_weights(model, path)
    assert_same_state(before, model.state_dict())


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        nn.load_weights(make_model(0), tmp_path / "none")
    with pytest.raises(ValueError, match="is a folder"):
        nn.load_weights(make_model(0), tmp_path)


def test_weights_of_another_model(tmp_path):
    path = tmp_path / "w.safetensors"
    nn.save_weights(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2), nn.Linear(2, 2)), path)
    model = make_model(0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"(?s)w\.safetensors.*0\.weight.*0\.bias.*2\.weight") as caught:
        nn.load_weights(model, path)
    assert "3.weight" in str(caught.value)
    assert_same_state(before, model.state_dict())


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    model = make_model(0)
    nn.save_weights(model, path)
    old = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        nn.save_weights(make_model(1), path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["w.safetensors"]


def test_write_into_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "file", b"x")


def test_writable_folder(tmp_path):
    assert make_writable_folder(tmp_path / "a" / "b").is_dir()
    assert os.listdir(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("mine")
    for bad in ("file", "file/inside"):
        with pytest.raises(OSError, match="cannot write into the folder"):
            make_writable_folder(tmp_path / bad)
    assert (tmp_path / "file").read_text() == "mine"
