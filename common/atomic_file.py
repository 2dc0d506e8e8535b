"""Writing files so that a crash, a full disk or a kill leaves the old file or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from .file_lock import try_lock

BINARY = getattr(os, "O_BINARY", 0)  # Windows translates line ends without it


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file completely, or leave everything as it was.

    The bytes go into a temporary file in the same folder, are forced to the disk, and only then take the file's name.
    A file that is replaced leaves its permissions to the new one; of a link, the file that it points to is replaced.

    Parameters
    ----------
    path : path
        The file; an existing one is replaced.
    content : bytes
        All that the file will hold.

    Raises
    ------
    OSError
        If it cannot be written: no such folder, not permitted, disk full, no regular file. It names the file; an
        existing one is unchanged.
    """
    target = _target(path)
    temporary = _temporary(target)
    try:
        mode = _permissions(target)
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666 if mode is None else 0o600)
        with open(number, "wb") as file:
            try_lock(number)  # prepare_file removes temporary files that nobody has locked
            if mode is not None:
                os.chmod(temporary, mode)
            file.write(content)
            file.flush()
            os.fsync(number)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise


def keep_copy(path: str | os.PathLike[str], copy: str | os.PathLike[str]) -> None:
    """Copy a file in one step, by a second name for the same data where possible; do nothing if there is no file.

    Parameters
    ----------
    path : path
        The file.
    copy : path
        The file to write, in the same file system; replaced if it exists.

    Raises
    ------
    OSError
        If it cannot be written. An existing one is unchanged.
    """
    source, target = _target(path), _target(copy)
    if not source.exists():
        return
    temporary = _temporary(target)
    try:
        try:
            os.link(source, temporary)
        except OSError:  # the file system has no hard links
            shutil.copy(source, temporary)
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(OSError):  # os.replace does nothing if both are names of one file
            temporary.unlink()


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the file that a path leads to, with all links followed."""
    return Path(os.path.realpath(path))


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def _permissions(target: Path) -> int | None:
    """Return the permissions of the file that will be replaced; None if there is none."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "not a regular file, which could be replaced")
    return stat.S_IMODE(found)


def make_writable_folder(path: str | os.PathLike[str]) -> Path:
    """Create a folder if need be, and check that files can be written into it.

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
        with tempfile.TemporaryFile(dir=folder):  # on Linux it has no name, so a kill leaves nothing
            pass
    except OSError as error:
        raise OSError(f"cannot write into the folder {folder}: {error.strerror or error}") from error
    return folder


def prepare_file(path: str | os.PathLike[str]) -> None:
    """Create a file's folder, and remove temporary files of programs that were killed while they wrote the file.

    Parameters
    ----------
    path : path
        The file itself, which stays if it exists.

    Raises
    ------
    OSError
        If the folder cannot be created or written into; the message names it.
    """
    target = _target(path)
    make_writable_folder(target.parent)
    for found in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.tmp", found.name):
            with contextlib.suppress(OSError), open(found, "rb") as file:
                if try_lock(file.fileno()):
                    found.unlink()
