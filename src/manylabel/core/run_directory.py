"""Run directories: written whole or not at all, checked against their manifest when read.

A run is written to a hidden sibling, every file and folder is flushed to disk, and the sibling is renamed into
place. Later amendments write new files first and replace ``manifest.json`` last. A reader trusts only the files that
the manifest lists, at the paths, sizes and SHA-256 sums given there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import RunError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class RunDirectory:
    """A finished run on disk.

    Attributes:
        path: its folder.
        manifest: what ``manifest.json`` says: ``format``, ``info`` (free-form facts) and ``files``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = True) -> RunDirectory:
        """Open a run.

        Args:
            path: the run's folder.
            verify: compare the SHA-256 of every listed file (about a second for each GB); sizes are always compared.

        Raises:
            RunError: not a run, unfinished, of a newer format, or a file is missing or changed.
        """
        path = Path(path)
        _restore_previous(path)
        if not path.is_dir():
            hint = f"; {unfinished_path(path)} is unfinished, continue it with --resume"
            raise RunError(f"{path}: no such run" + (hint if unfinished_path(path).is_dir() else ""))
        manifest = _read_manifest(path)
        run = cls(path, manifest)
        for name, entry in manifest["files"].items():
            _check_file(path, name, entry, verify=verify)
        return run

    def __contains__(self, name: object) -> bool:
        return name in self.manifest["files"]

    def file(self, name: str) -> Path:
        """Path of a listed file.

        Raises:
            RunError: the manifest does not list it.
        """
        entry = self.manifest["files"].get(name)
        if entry is None:
            raise RunError(f"{self.path}: holds no {name}")
        return self.path / entry["path"]

    def read_text(self, name: str) -> str:
        """Content of a UTF-8 file."""
        return self.file(name).read_text(encoding="utf-8")

    def read_json(self, name: str) -> Any:
        """Content of a JSON file.

        Raises:
            RunError: it cannot be parsed.
        """
        try:
            return json.loads(self.read_text(name))
        except ValueError as error:
            raise RunError(f"{self.file(name)}: is not valid JSON: {error}") from None

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Arrays of a safetensors file, memory-mapped."""
        return load_arrays(self.file(name))

    @contextmanager
    def amend(self, **info: Any) -> Iterator[RunWriter]:
        """Add or replace files of the finished run; readers see all of the change or nothing.

        Args:
            **info: facts to add to the manifest's ``info``.
        """
        manifest = _read_manifest(self.path)
        writer = RunWriter(self.path, suffix=f".{uuid.uuid4().hex[:8]}", info={**manifest["info"], **info})
        try:
            yield writer
        except BaseException:
            for entry in writer.files.values():
                (self.path / entry["path"]).unlink(missing_ok=True)
            raise
        replaced = [manifest["files"][name]["path"] for name in writer.files if name in manifest["files"]]
        _write_manifest(self.path, {**manifest["files"], **writer.files}, writer.info)
        for old in replaced:
            (self.path / old).unlink(missing_ok=True)


@dataclass
class RunWriter:
    """Takes the files of a run that is being written.

    Attributes:
        path: the folder that is written to.
        suffix: put before the extension of each physical file name, so that an amendment overwrites nothing.
        info: facts for the manifest: model kind, versions, digests of data; may be added to until the end.
        files: manifest entries of what was written so far.
    """

    path: Path
    suffix: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def text(self, name: str, content: str) -> None:
        """Write a UTF-8 file."""
        target = self._target(name)
        target.write_text(content, encoding="utf-8", newline="\n")
        self._register(name, target)

    def json(self, name: str, content: Any) -> None:
        """Write a JSON file, indented, NaN refused."""
        self.text(name, json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")

    def arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a safetensors file."""
        target = self._target(name)
        save_arrays(target, arrays)
        self._register(name, target)

    def _target(self, name: str) -> Path:
        stem = Path(name)
        if stem.is_absolute() or ".." in stem.parts or len(stem.parts) != 1:
            raise ValueError(f"{name!r} is not a plain file name")
        return self.path / f"{stem.stem}{self.suffix}{stem.suffix}"

    def _register(self, name: str, target: Path) -> None:
        _flush(target)
        self.files[name] = {"path": target.name, "bytes": target.stat().st_size, "sha256": sha256_of(target)}


@contextmanager
def write_run(path: str | Path, *, overwrite: bool = False) -> Iterator[RunWriter]:
    """Write a run directory atomically: it appears complete at the end of the context, or not at all.

    Args:
        path: where it shall lie; its parents are made.
        overwrite: replace a finished run that lies there (which stays as it is until the new one is complete).

    Raises:
        RunError: something lies there already, or the disk refuses (full, read-only, no permission).
    """
    path = Path(path)
    check_vacant(path, overwrite=overwrite)
    sibling = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sibling.mkdir()
        writer = RunWriter(sibling)
        yield writer
        _write_manifest(sibling, writer.files, writer.info)
        _flush(sibling)
        _put_in_place(sibling, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(sibling, ignore_errors=True)


def check_vacant(path: Path, *, overwrite: bool = False) -> None:
    """Make sure that a run may be written to `path`.

    Raises:
        RunError: a finished run lies there and `overwrite` is not set, or something that is no run (never replaced).
    """
    _restore_previous(path)
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / MANIFEST).is_file():
        raise RunError(f"{path}: exists and is not a run directory; choose another place")
    if not overwrite:
        raise RunError(f"{path}: a finished run lies there; choose another place or pass --overwrite")


def unfinished_path(path: Path) -> Path:
    """Where the finished stages of an interrupted run are kept."""
    return path.with_name(f"{path.name}.unfinished")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _previous_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.previous")


def _restore_previous(path: Path) -> None:
    """Undo a replacement that was cut off between its two renames."""
    previous = _previous_path(path)
    if previous.is_dir() and not path.exists():
        previous.rename(path)


def _put_in_place(sibling: Path, path: Path) -> None:
    previous = _previous_path(path)
    if path.exists():
        shutil.rmtree(previous, ignore_errors=True)
        path.rename(previous)
    sibling.rename(path)
    _flush(path.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _flush(path: Path) -> None:
    """Ask the system to put a file's content, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_manifest(folder: Path, files: Mapping[str, Any], info: Mapping[str, Any]) -> None:
    content = {"format": FORMAT_VERSION, "info": dict(info), "files": dict(files)}
    temporary = folder / f".{MANIFEST}.tmp"
    temporary.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    _flush(temporary)
    temporary.replace(folder / MANIFEST)
    _flush(folder)


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        version = manifest["format"]
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise RunError(f"{file}: format {version} is newer than this manylabel reads ({FORMAT_VERSION}); update it")
        for name, entry in manifest["files"].items():
            if Path(entry["path"]).name != entry["path"] or not isinstance(entry["bytes"], int):
                raise RunError(f"{file}: the entry {name!r} leads outside the run")
        dict(manifest["info"])
    except FileNotFoundError:
        raise RunError(f"{path}: is not a run directory (no {MANIFEST})") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise RunError(f"{file}: is damaged: {error}") from None
    return manifest


def _check_file(path: Path, name: str, entry: Mapping[str, Any], *, verify: bool) -> None:
    file = path / entry["path"]
    if not file.is_file():
        raise RunError(f"{file}: is missing, so the run is incomplete; copy it again or train again")
    if file.stat().st_size != entry["bytes"]:
        raise RunError(f"{file}: has {file.stat().st_size} bytes instead of {entry['bytes']}; copy the run again")
    if verify and sha256_of(file) != entry.get("sha256"):
        raise RunError(f"{file}: its content is not what was saved ({name}); copy the run again")
