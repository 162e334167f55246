"""A data set on disk that was fetched or made: a few JSON Lines files and ``source.json``, which vouches for them.

``source.json`` is removed first and written last, and holds the SHA-256 of every file, so a folder whose making was
cut off, or that was changed afterwards, is never taken for a whole one.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from manylabel.core.errors import InputError
from manylabel.core.run_directory import sha256_of

MANIFEST = "source.json"
_FORMAT = 1


@dataclass(frozen=True)
class FetchedData:
    """A data set that lies complete in a folder.

    Attributes:
        name: its name in the catalogue, or ``generated``.
        source: where it came from, in words: a folder, or a package with its version.
        version: version of the original data.
        digest: SHA-256 of the original data and of the recipe; equal digests mean equal files.
        recipe: number of the recipe that made documents of the original data.
        counts: numbers of documents in ``train`` and ``test``, of ``labels``, of ``training_labels`` (those with a
            training document) and of ``pairs`` of document and label.
        options: what it was made with, where there is a choice.
        folder: where it lies.
        cached: nothing was fetched or made, it lay there already.
        notes: what the user should know: sources that were tried in vain, a fallback taken.
    """

    name: str
    source: str
    version: str
    digest: str
    recipe: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    cached: bool = False
    notes: tuple[str, ...] = ()

    @property
    def train(self) -> Path:
        """The training documents."""
        return self.folder / "train.jsonl"

    @property
    def test(self) -> Path:
        """The test documents; absent where the data has no test part."""
        return self.folder / "test.jsonl"

    @property
    def labels(self) -> Path:
        """All labels with text and parents."""
        return self.folder / "labels.jsonl"

    def summary(self) -> str:
        """One line for the user: what it is, where it came from, how large, and where it lies."""
        counts = self.counts
        documents = f"{counts['train']:,} training and {counts['test']:,} test documents"
        labels = f"{counts['labels']:,} labels, {counts['training_labels']:,} of them in training"
        mean = counts["pairs"] / max(1, counts["train"] + counts["test"])
        return f"{self.name} {self.version} ({self.source}): {documents}, {labels}, {mean:.2f} each, in {self.folder}"


def open_data(folder: Path, digest: str | None = None) -> FetchedData | None:
    """The data set of a folder, or None where it is missing, incomplete, changed or another one.

    Args:
        folder: where it should lie.
        digest: the digest that it must have, if known.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != _FORMAT:
            return None
        found = FetchedData(**manifest["data"], folder=folder, cached=True)
        for name, checksum in manifest["files"].items():
            if Path(name).name != name or sha256_of(folder / name) != checksum:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if digest is None or found.digest == digest else None


def write_data(
    folder: Path, data: FetchedData, fill: Callable[[Path], Mapping[str, int]], *, overwrite: bool = False
) -> FetchedData:
    """Make a data set in a folder; at every failure the folder keeps what it had.

    Args:
        folder: where it shall lie; made if missing, other files in it stay.
        data: what is being made; folder and counts are filled in here.
        fill: writes the files into the folder it is given and returns the counts.
        overwrite: replace files of the same names.

    Raises:
        InputError: files of the same names lie there, or the disk refuses.
    """
    staging = folder / f".{uuid.uuid4().hex[:8]}.tmp"
    try:
        made = _make_folders(folder)
        try:
            staging.mkdir()
            counts = fill(staging)
            names = sorted(file.name for file in staging.iterdir())
            _check_vacant(folder, names, overwrite=overwrite)
            finished = replace(data, folder=folder, counts=dict(counts), cached=False)
            (staging / MANIFEST).write_text(_manifest(finished, staging, names), encoding="utf-8")
            (folder / MANIFEST).unlink(missing_ok=True)
            for name in [*names, MANIFEST]:
                (staging / name).replace(folder / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            _remove_empty(made)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=folder) from error
    return finished


def copy_data(data: FetchedData, folder: Path, *, overwrite: bool = False) -> FetchedData:
    """The same data set in another folder; an intact copy that lies there already is left as it is.

    Raises:
        InputError: other files of the same names lie there, or the disk refuses.
    """
    present = open_data(folder, data.digest)
    if present is not None:
        return replace(present, notes=data.notes)

    def fill(staging: Path) -> Mapping[str, int]:
        for name in json.loads((data.folder / MANIFEST).read_text(encoding="utf-8"))["files"]:
            shutil.copyfile(data.folder / name, staging / name)
        return data.counts

    return replace(write_data(folder, data, fill, overwrite=overwrite), cached=data.cached)


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write objects as JSON Lines, one at a time."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def check_vacant(folder: Path) -> None:
    """Make sure, before long work, that no data set would be overwritten.

    Raises:
        InputError: a file of a data set lies there.
    """
    _check_vacant(folder, ["train.jsonl", "test.jsonl", "labels.jsonl"], overwrite=False)


def _check_vacant(folder: Path, names: Iterable[str], *, overwrite: bool) -> None:
    taken = [folder / name for name in names if (folder / name).exists()]
    if taken and not overwrite:
        raise InputError("exists already", path=taken[0], remedy="choose another folder or pass --overwrite")


def _manifest(data: FetchedData, folder: Path, names: Iterable[str]) -> str:
    facts: dict[str, Any] = asdict(data)
    for passing in ("folder", "cached", "notes"):
        del facts[passing]
    content = {"format": _FORMAT, "data": facts, "files": {name: sha256_of(folder / name) for name in names}}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _make_folders(folder: Path) -> list[Path]:
    """Make the folder with its parents; returns those that were missing, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: Iterable[Path]) -> None:
    for path in folders:
        if any(path.iterdir()):
            return
        path.rmdir()
