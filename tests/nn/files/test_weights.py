from __future__ import annotations

import errno
import json
import os
import stat
import struct
import subprocess
import sys

import numpy as np
import pytest
from small_trainings import assert_same_arrays

import seegrad as sg
from seegrad import nn
from seegrad.common.atomic_file import keep_copy, make_writable_folder, prepare_file, write_atomically
from seegrad.nn.files.safetensors_file import load_arrays, save_arrays


def make_model(seed):
    sg.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


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
    assert_same_arrays(model.state_dict(), other.state_dict())
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
    assert_same_arrays(before, model.state_dict())


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
    assert_same_arrays(before, model.state_dict())


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


posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o755])
def test_saving_keeps_permissions(tmp_path, mode):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"old")
    path.chmod(mode)
    for save in (nn.save_weights, lambda model, path: model.save(path)):
        save(make_model(0), path)
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() != b"old"


@posix
def test_a_new_file_has_the_usual_permissions_and_is_never_wider_before(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(stat.S_IMODE(os.fstat(number).st_mode)))
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"x")
        (tmp_path / "new").chmod(0o600)
        write_atomically(tmp_path / "new", b"y")
    finally:
        os.umask(before)
    assert seen == [0o640, 0o600]


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_saving_goes_through_links(tmp_path, exists):
    (tmp_path / "store").mkdir()
    target = tmp_path / "store" / "w.safetensors"
    if exists:
        target.write_bytes(b"old")
    (tmp_path / "middle").symlink_to(target)
    (tmp_path / "link").symlink_to("middle")
    nn.save_weights(make_model(0), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "middle").is_symlink()
    assert not target.is_symlink()
    assert os.listdir(tmp_path / "store") == ["w.safetensors"]
    nn.load_weights(make_model(1), target)


@posix
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match=name):
            write_atomically(tmp_path / name, b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO])
def test_errors_of_the_disk_name_the_file(tmp_path, monkeypatch, number):
    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"w\.safetensors") as caught:
        nn.save_weights(make_model(0), tmp_path / "w.safetensors")
    assert caught.value.errno == number
    assert os.listdir(tmp_path) == []


@posix
def test_a_file_that_is_larger_than_the_system_allows(tmp_path):
    program = (
        "import resource, sys, seegrad as sg\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: sg.nn.save_weights(sg.nn.Linear(100, 100), sys.argv[1])\n"
        "except OSError as error: print(error)\n"
    )
    path = tmp_path / "w.safetensors"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert str(path) in done.stdout
    assert os.listdir(tmp_path) == []


@posix
def test_what_others_are_writing_is_not_taken_for_what_was_left(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    left = tmp_path / ".w.safetensors.0123abcd.tmp"
    left.write_bytes(b"half of a killed program's file")
    monkeypatch.setattr(os, "fsync", lambda number: prepare_file(path))
    write_atomically(path, b"whole")
    assert os.listdir(tmp_path) == ["w.safetensors"]
    assert path.read_bytes() == b"whole"


def test_a_copy_stays_when_the_file_is_replaced(tmp_path):
    path, copy = tmp_path / "file", tmp_path / "copy"
    keep_copy(path, copy)
    assert os.listdir(tmp_path) == []
    for content in (b"one", b"two"):
        write_atomically(path, content)
        for _ in range(2):  # a second time, both are one file
            keep_copy(path, copy)
    write_atomically(path, b"three")
    assert (path.read_bytes(), copy.read_bytes()) == (b"three", b"two")
    assert sorted(os.listdir(tmp_path)) == ["copy", "file"]


def test_writable_folder(tmp_path):
    assert make_writable_folder(tmp_path / "a" / "b").is_dir()
    assert os.listdir(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("mine")
    for bad in ("file", "file/inside"):
        with pytest.raises(OSError, match="cannot write into the folder"):
            make_writable_folder(tmp_path / bad)
    assert (tmp_path / "file").read_text() == "mine"
