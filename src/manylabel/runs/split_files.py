"""Split a file of documents into one file for each part."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.data.feature_files import holds_features, read_features, write_features
from manylabel.data.formats.sniffing import find_format
from manylabel.data.reading import read_corpus, write_corpus
from manylabel.data.split import split_rows
from manylabel.runs.reading import AnyCorpus

_FEATURE_ENDINGS = {"svmlight": "svm"}


def split_file(
    source: str | Path,
    folder: str | Path,
    fractions: Mapping[str, float] | None,
    *,
    method: str = "random",
    field: str | None = None,
    seed: int = 0,
    format: str | None = None,  # noqa: A002
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> dict[str, int]:
    """Write the parts of a file as ``PART.jsonl``, or feature vectors in the format they came in.

    Text, labels, id, and the fields that `options` says to keep come along. All parts appear complete, or none.

    Args:
        source: a file or folder with documents.
        folder: where the parts go; made if missing.
        fractions: the share of each part by name; None for the method ``field``.
        method: a name of :data:`manylabel.data.split.SPLITS`.
        field: the field that groups documents or names their part.
        seed: equal seeds give equal parts.
        format: of the source; found out by default.
        options: fields of :class:`manylabel.data.formats.base.ReadOptions`.
        overwrite: replace files of the same names.
        progress: notes what is read.

    Returns: the number of documents of each part.

    Raises:
        InputError: bad input, a part without documents, or files that lie there already.
        ConfigError: fractions, method, field or options that do not fit together.
    """
    folder = Path(folder)
    if fractions is not None:
        ending = _ending(source, format)
        _check_vacant(folder, [f"{part}.{ending}" for part in fractions], overwrite)
    progress.note(f"reading {source}")
    corpus, write, ending = _read(source, format, field, dict(options or {}), progress)
    rows = split_rows(corpus, fractions, method, field, seed)  # type: ignore[arg-type]
    for part in rows:
        if Path(part).name != part or part.startswith("."):
            raise InputError(f"the part {part!r} cannot name a file", path=corpus.source, remedy="rename the values")
    names = {part: f"{part}.{ending}" for part in rows}
    _check_vacant(folder, names.values(), overwrite)
    _write_all(folder, {names[part]: corpus.select(own) for part, own in rows.items()}, write)
    return {part: len(own) for part, own in rows.items()}


def _ending(source: str | Path, format: str | None) -> str:  # noqa: A002
    if not holds_features(source, format):
        return "jsonl"
    return _FEATURE_ENDINGS.get(format or find_format(Path(source)), "txt")


def _read(
    source: str | Path,
    format: str | None,  # noqa: A002
    field: str | None,
    options: dict[str, Any],
    progress: Progress,
) -> tuple[AnyCorpus, Callable[[Any, Path], None], str]:
    ending = _ending(source, format)
    if ending == "jsonl":
        keep = tuple(options.pop("keep_fields", ()))
        if field is not None and field not in keep:
            keep = (*keep, field)
        if keep:
            options["keep_fields"] = keep
        return read_corpus(source, format=format, progress=progress, **options), write_corpus, ending
    unsuitable = set(options) - {"part"}
    if unsuitable or field is not None:
        named = sorted(unsuitable)[0] if unsuitable else "field"
        raise ConfigError(f"{source} holds feature vectors, which have no use for {named}")
    return read_features(source, format, **options), write_features, ending


def _check_vacant(folder: Path, names: Any, overwrite: bool) -> None:
    taken = [folder / name for name in names if (folder / name).exists()]
    if taken and not overwrite:
        raise InputError("exists already", path=taken[0], remedy="choose another folder or pass --overwrite")


def _write_all(folder: Path, parts: Mapping[str, Any], write: Callable[[Any, Path], None]) -> None:
    staging = folder / f".{uuid.uuid4().hex[:8]}.tmp"
    made = not folder.exists()
    try:
        staging.mkdir(parents=True)
        for name, corpus in parts.items():
            write(corpus, staging / name)
        for name in parts:
            (staging / name).replace(folder / name)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=folder) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
