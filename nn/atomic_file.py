"""Writing files so that a crash, a full disk or a kill leaves the old file or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file completely, or leave everything as it was.

    The bytes go into a temporary file in the same folder, are forced to the disk, and only then take
    the file's name.

    Parameters
    ----------
    path : path
        The file; an existing one is replaced.
    content : bytes
        All that the file will hold.

    Raises
    ------
    OSError
        If it cannot be written: no such folder, not permitted, disk full. An existing file is unchanged.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_writable_folder(path: str | os.PathLike[str]) -> Path:
    """Create a folder if need be, and try that files can be written into it.

    Parameters
    ----------
    path : path
        The folder; its parents are created, too.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    OSError
        If it cannot be created or written into; the message names the folder.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # has no name where the system can do without: a kill leaves nothing
            pass
    except OSError as error:
        raise OSError(f"cannot write into the folder {folder}: {error.strerror or error}") from error
    return folder


def prepare_file(path: str | os.PathLike[str]) -> None:
    """Make a file's folder, and remove what programs that were killed while writing the file have left in it.

    Parameters
    ----------
    path : path
        The file itself, which stays if it exists. Nobody else may be writing it.

    Raises
    ------
    OSError
        If the folder cannot be created or written into; the message names it.
    """
    target = Path(path)
    make_writable_folder(target.parent)
    for found in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.tmp", found.name):
            with contextlib.suppress(OSError):
                found.unlink()
