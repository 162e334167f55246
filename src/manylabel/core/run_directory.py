"""Run directories: written whole or not at all, checked against their manifest when read.

A run is written to a hidden sibling, every file and folder is flushed to disk, and the sibling is renamed into
place. Later amendments write new files first and replace ``manifest.json`` last. A reader trusts only the files that
the manifest lists, at the paths, sizes and SHA-256 sums given there.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import RunError
from manylabel.core.manifest import (
    DRAFT,
    MANIFEST,
    check_file,
    draft_manifest,
    flush,
    is_plain,
    publish,
    read_manifest,
    sha256_of,
)
from manylabel.core.siblings import (
    clear_abandoned,
    held,
    put_in_place,
    restore_previous,
    temporary_path,
    unfinished_path,
)


@dataclass(eq=False)
class RunDirectory:
    """A finished run on disk.

    Attributes:
        path: its folder.
        manifest: what ``manifest.json`` says: ``format``, ``info`` (free-form facts) and ``files``; as it was when
            the run was opened, or amended through this object.
        prefix: put before the names of files that are asked for; see :meth:`within`.
    """

    path: Path
    manifest: Mapping[str, Any]
    prefix: str = ""

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
        restore_previous(path)
        if not path.is_dir():
            hint = f"; {unfinished_path(path)} is unfinished, continue it with --resume"
            raise RunError(f"{path}: no such run" + (hint if unfinished_path(path).is_dir() else ""))
        manifest = read_manifest(path)
        run = cls(path, manifest)
        for name, entry in manifest["files"].items():
            check_file(path, name, entry, verify=verify)
        return run

    def within(self, part: str) -> RunDirectory:
        """The files of a part of the model: what :meth:`RunWriter.within` wrote under the same name."""
        return replace(self, prefix=f"{self.prefix}{part}-")

    def __contains__(self, name: object) -> bool:
        return f"{self.prefix}{name}" in self.manifest["files"]

    def file(self, name: str) -> Path:
        """Path of a listed file.

        Raises:
            RunError: the manifest does not list it.
        """
        entry = self.manifest["files"].get(f"{self.prefix}{name}")
        if entry is None:
            raise RunError(f"{self.path}: holds no {self.prefix}{name}")
        return self.path / entry["path"]

    def read_text(self, name: str) -> str:
        """Content of a UTF-8 file.

        Raises:
            RunError: it cannot be read.
        """
        try:
            return self.file(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{self.file(name)}: cannot be read: {error}") from None

    def read_json(self, name: str) -> Any:
        """Content of a JSON file.

        Raises:
            RunError: it cannot be parsed.
        """
        try:
            return json.loads(self.read_text(name))
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.file(name)}: is not valid JSON: {error}") from None

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Arrays of a safetensors file, memory-mapped."""
        return load_arrays(self.file(name))

    @contextmanager
    def amend(self, *, plain_names: Collection[str] = (), **info: Any) -> Iterator[RunWriter]:
        """Add or replace files of the finished run; readers see all of the change or nothing.

        Args:
            plain_names: files that others look for under their very name; they get it back in a second step.
            **info: facts to add to the manifest's ``info``.

        Raises:
            RunError: the disk refuses; the run is as it was.
        """
        manifest = read_manifest(self.path)
        writer = RunWriter(self.path, suffix=f".{uuid.uuid4().hex[:8]}", info={**manifest["info"], **info})
        try:
            yield writer
            draft = draft_manifest(self.path, {**manifest["files"], **writer.files}, writer.info)
        except BaseException as error:
            for target in (*writer.begun, self.path / DRAFT):
                with suppress(OSError):
                    target.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise RunError(f"{self.path}: cannot be written: {error.strerror or error}") from error
            raise
        publish(draft)
        self.manifest = read_manifest(self.path)
        for name in writer.files:
            if name in manifest["files"]:
                (self.path / manifest["files"][name]["path"]).unlink(missing_ok=True)
        try:
            self._rename([name for name in writer.files if name in plain_names])
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def _rename(self, names: Sequence[str]) -> None:
        """Give files that an amendment has written their plain names back, which nothing has any more.

        A copy comes first and the manifest after it, so that at no time a listed file is missing.
        """
        entries = dict(self.manifest["files"])
        former = [self.path / entries[name]["path"] for name in names]
        for name, file in zip(names, former, strict=True):
            shutil.copyfile(file, self.path / name)
            flush(self.path / name)
            entries[name] = {**entries[name], "path": name}
        if names:
            publish(draft_manifest(self.path, entries, self.manifest["info"]))
            self.manifest = read_manifest(self.path)
        for file in former:
            file.unlink(missing_ok=True)


@dataclass
class RunWriter:
    """Takes the files of a run that is being written.

    Attributes:
        path: the folder that is written to.
        suffix: put before the extension of each physical file name, so that an amendment overwrites nothing.
        info: facts for the manifest: model kind, versions, digests of data; may be added to until the end.
        files: manifest entries of what was written so far.
        begun: the physical files that exist because of this writer, also half-written ones.
        prefix: put before the names of files; see :meth:`within`.
    """

    path: Path
    suffix: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: list[Path] = field(default_factory=list)
    prefix: str = ""

    def within(self, part: str) -> RunWriter:
        """A writer into the same run whose files' names begin with `part` and a dash."""
        return replace(self, prefix=f"{self.prefix}{part}-")

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

    def copy(self, name: str, source: Path) -> None:
        """Write a file with the content of another."""
        target = self._target(name)
        shutil.copyfile(source, target)
        self._register(name, target)

    def _target(self, name: str) -> Path:
        full = f"{self.prefix}{name}"
        stem = Path(full)
        if not is_plain(full) or full in (MANIFEST, DRAFT):
            raise ValueError(f"{full!r} cannot be the name of a file of a run")
        target = self.path / f"{stem.stem}{self.suffix}{stem.suffix}"
        self.begun.append(target)
        return target

    def _register(self, name: str, target: Path) -> None:
        flush(target)
        self.files[f"{self.prefix}{name}"] = {
            "path": target.name,
            "bytes": target.stat().st_size,
            "sha256": sha256_of(target),
        }


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
    sibling = temporary_path(path)
    try:
        sibling.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(path)
        sibling.mkdir()
        with held(sibling):
            writer = RunWriter(sibling)
            yield writer
            publish(draft_manifest(sibling, writer.files, writer.info))
            put_in_place(sibling, path, overwrite=overwrite)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(sibling, ignore_errors=True)


def check_vacant(path: Path, *, overwrite: bool = False) -> None:
    """Make sure that a run may be written to `path`.

    Raises:
        RunError: a finished run lies there and `overwrite` is not set, or something that is no run (never replaced).
    """
    restore_previous(path)
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / MANIFEST).is_file():
        raise RunError(f"{path}: exists and is not a run directory; choose another place")
    if not overwrite:
        raise RunError(f"{path}: a finished run lies there; choose another place or pass --overwrite")
