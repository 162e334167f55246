"""The list of a run's files with their sizes and checksums, and the check of a folder against it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manylabel.core.errors import RunError

MANIFEST = "manifest.json"
DRAFT = f".{MANIFEST}.tmp"
FORMAT_VERSION = 1


def draft_manifest(folder: Path, files: Mapping[str, Any], info: Mapping[str, Any]) -> Path:
    """Write a manifest that does not count yet; returns its path."""
    content = {"format": FORMAT_VERSION, "info": dict(info), "files": dict(files)}
    content["sha256"] = _own_sum(content)
    draft = folder / DRAFT
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    flush(draft)
    return draft


def publish(draft: Path) -> None:
    """Let a manifest count from now on."""
    draft.replace(draft.with_name(MANIFEST))
    flush(draft.parent)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run directory.

    Raises:
        RunError: there is none, it is damaged or newer than this version reads, or it names a file elsewhere.
    """
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        version, files = manifest["format"], manifest["files"]
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"format {version!r}")
        if version > FORMAT_VERSION:
            raise RunError(f"{file}: format {version} is newer than this manylabel reads ({FORMAT_VERSION}); update it")
        if not isinstance(manifest["info"], dict) or not isinstance(files, dict):
            raise TypeError("info and files must be objects")
        if manifest["sha256"] != _own_sum(manifest):
            raise ValueError("its content is not what was saved; copy the run again")
        for name, entry in files.items():
            if not is_plain(entry["path"]):
                raise RunError(f"{file}: the entry {name!r} leads outside the run")
            if not isinstance(entry["bytes"], int) or not isinstance(entry["sha256"], str):
                raise TypeError(f"the entry {name!r} lacks size or checksum")
    except FileNotFoundError:
        raise RunError(f"{path}: is not a run directory (no {MANIFEST})") from None
    except OSError as error:
        raise RunError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"{file}: is damaged: {error}") from None
    return manifest


def _own_sum(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of what a manifest says, whatever its spacing, without the sum itself."""
    said = json.loads(json.dumps({name: manifest[name] for name in ("format", "info", "files")}))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_plain(name: object) -> bool:
    """Whether a name stays in the folder that it is looked up in."""
    return isinstance(name, str) and name not in ("", ".", "..") and not any(c in name for c in "/\\\0")


def check_file(path: Path, name: str, entry: Mapping[str, Any], *, verify: bool) -> None:
    """Compare a file with its entry in the manifest: size, and with `verify` also checksum.

    Raises:
        RunError: they differ, or the file is missing or cannot be read.
    """
    file = path / entry["path"]
    try:
        if not file.is_file():
            raise RunError(f"{file}: is missing, so the run is incomplete; copy it again or train again")
        if file.stat().st_size != entry["bytes"]:
            raise RunError(f"{file}: has {file.stat().st_size} bytes instead of {entry['bytes']}; copy the run again")
        if verify and sha256_of(file) != entry["sha256"]:
            raise RunError(f"{file}: its content is not what was saved ({name}); copy the run again")
    except OSError as error:
        raise RunError(f"{file}: cannot be read: {error.strerror or error}") from None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Ask the system to put a file's content, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
