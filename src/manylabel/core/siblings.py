"""Neighbours of a run directory: where a new run is written, the former one while it is replaced, unfinished stages.

A new run is renamed to its place when it is complete. A former one is renamed away first; if the process is killed
between the two renames, the next one to look puts it back.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from manylabel.core.manifest import flush

_ABANDONED_SECONDS = 60  # a sibling this old that no process holds was left by a killed one


def unfinished_path(path: Path) -> Path:
    """Where the finished stages of an interrupted run are kept."""
    return _beside(path, "{}.unfinished")


def cross_fitting_path(path: Path) -> Path:
    """Where finished folds of an interrupted cross-fitting of a finished run are kept."""
    return _beside(path, "{}.folds")


def _named(path: Path) -> Path:
    """The path itself, or written in full where it is ``.`` or ends in ``..`` and so has no name of its own."""
    return path if path.name not in ("", "..") else Path(os.path.abspath(path))  # noqa: PTH100 - keeps symlinks


def _beside(path: Path, pattern: str) -> Path:
    path = _named(path)
    return path.parent / pattern.format(path.name)


def _previous_path(path: Path) -> Path:
    return _beside(path, ".{}.previous")


def temporary_path(path: Path) -> Path:
    """A new name for what is being written or removed; nothing under such a name is ever read."""
    return _beside(path, ".{}." + uuid.uuid4().hex[:8] + ".tmp")


def restore_previous(path: Path) -> None:
    """Undo a replacement that was cut off between its two renames."""
    previous = _previous_path(path)
    if previous.is_dir() and not path.exists():
        with suppress(OSError):  # another process was faster, or nothing may be written here
            previous.rename(path)


def put_in_place(sibling: Path, path: Path, *, overwrite: bool) -> None:
    """Rename a complete sibling to `path`.

    Raises:
        OSError: the system refuses, or a run has appeared there that may not be replaced.
    """
    path = _named(path)
    while True:
        if overwrite and path.exists():
            _discard_previous(path)
            path.rename(_previous_path(path))
        try:
            sibling.rename(path)
        except OSError as error:
            # A reader that comes between the two renames takes the first for a cut-off one and undoes it.
            if not overwrite or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                restore_previous(path)
                raise
        else:
            break
    flush(path.parent)
    _discard_previous(path)


def _discard_previous(path: Path) -> None:
    """Remove the former run; under a temporary name, so that half of it is never taken for the whole."""
    with suppress(OSError):
        shutil.rmtree(_previous_path(path).rename(temporary_path(path)), ignore_errors=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which the system lets go when the process ends, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems lock no folders
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def clear_abandoned(path: Path) -> None:
    """Remove what killed writers of the same run left beside it."""
    path = _named(path)
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.tmp")
    for folder in path.parent.iterdir():
        with suppress(OSError):
            if not pattern.fullmatch(folder.name) or time.time() - folder.stat().st_mtime < _ABANDONED_SECONDS:
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
