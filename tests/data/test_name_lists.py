"""The first names that ship with the package, and lists of words in other files."""

from __future__ import annotations

import string

import pytest

from seegrad.data import DataError, load_names
from seegrad.data.name_lists import EMBEDDED


def test_embedded_names():
    names = load_names()
    assert len(names) == 32_033
    assert names[:5] == ["emma", "olivia", "ava", "isabella", "sophia"]
    assert set("".join(names)) == set(string.ascii_lowercase)
    assert (min(map(len, names)), max(map(len, names))) == (2, 15)


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    changed = tmp_path / "names.txt"
    changed.write_bytes(EMBEDDED.read_bytes() + b"\nxerxes")
    monkeypatch.setattr("seegrad.data.name_lists.EMBEDDED", changed)
    with pytest.raises(DataError, match="SHA-256"):
        load_names()
    assert load_names(changed)[-1] == "xerxes"


def test_other_words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes("\ufeffÄrmel\r\n\r\n  two words \r\n".encode())
    assert load_names(file) == ["Ärmel", "two words"]
    with pytest.raises(DataError, match=r"absent.txt: No such file"):
        load_names(tmp_path / "absent.txt")
    file.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="UTF-8"):
        load_names(file)
    file.write_bytes(b"\n \n")
    with pytest.raises(DataError, match="no word"):
        load_names(file)
