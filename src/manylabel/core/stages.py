"""Finished stages of a training, kept on disk so that an interrupted run continues where it was."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import RunError

Arrays = Mapping[str, np.ndarray]


class Stages:
    """Runs named stages once.

    A stage's result is written first and its ``done`` marker last, so a resumed run never takes half a stage for a
    whole one. Without a folder nothing is kept.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else None

    @classmethod
    def begin(cls, folder: Path, fingerprint: Mapping[str, Any], *, resume: bool) -> Self:
        """Start or continue a run's stages.

        Args:
            folder: where they are kept.
            fingerprint: what the result depends on (configuration, digests of data); JSON-serialisable.
            resume: continue what lies there; without it the folder must not exist.

        Raises:
            RunError: stages lie there and `resume` is not set, or they belong to another configuration or data, or
                the disk refuses.
        """
        record = folder / "fingerprint.json"
        wanted = json.dumps(fingerprint, sort_keys=True)
        if folder.exists() and not resume:
            raise RunError(f"{folder}: an unfinished run lies there; pass --resume to continue it or --overwrite")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not any(folder.glob("[!.]*")):  # new, or cut off before anything was kept
                draft = folder / ".fingerprint.tmp"
                draft.write_text(wanted, encoding="utf-8")
                draft.replace(record)
            elif _reread(record) != wanted:
                raise RunError(
                    f"{folder}: belongs to another configuration or other data; pass --overwrite to discard it"
                )
        except OSError as error:
            raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error
        return cls(folder)

    def run(self, name: str, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """The arrays of stage `name`: read where the stage is done, else computed and kept.

        Raises:
            RunError: what is kept is damaged, or the disk refuses.
        """
        if self.folder is None:
            return dict(compute())
        file, done = self.folder / f"{name}.safetensors", self.folder / f"{name}.done"
        if done.is_file():
            return load_arrays(file)
        arrays = dict(compute())
        try:
            save_arrays(file, arrays)
            with file.open("rb") as written:
                os.fsync(written.fileno())
            done.touch()
            (self.folder / f"{name}.unfinished").unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{file}: cannot be written: {error.strerror or error}") from error
        return arrays

    @property
    def keeps(self) -> bool:
        """Whether results are kept at all."""
        return self.folder is not None

    @property
    def has_kept(self) -> bool:
        """Whether there is anything to continue: a stage that is done or a checkpoint of one, those of parts too."""
        return self.folder is not None and any(any(self.folder.glob(f"*.{end}")) for end in ("done", "unfinished"))

    def is_done(self, name: str) -> bool:
        """Whether the stage's result is kept already."""
        return self.folder is not None and (self.folder / f"{name}.done").is_file()

    def unfinished(self, name: str) -> Path | None:
        """Where a stage that takes long may keep what it has so far; None where nothing is kept.

        The file goes when the stage is done.
        """
        return None if self.folder is None else self.folder / f"{name}.unfinished"

    def record(self, line: Mapping[str, Any]) -> None:
        """Add a line to the history of the training, or replace the one of the same ``stage`` and ``epoch``."""
        del line

    def within(self, part: str) -> Stages:
        """The stages of a part of the work, kept beside the others under names that begin with `part` and a dash."""
        return _StagesWithin(self, part)

    def discard(self) -> None:
        """Forget everything (after the finished run is in place, or to start anew)."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


class FollowedStages(Stages):
    """Stages that another process keeps: what is done is read, what is not is worked out beside it; nothing is written.

    For processes that train together: each works, the first one writes.
    """

    def run(self, name: str, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """See :meth:`Stages.run`."""
        if self.folder is not None and self.is_done(name):
            return load_arrays(self.folder / f"{name}.safetensors")
        return dict(compute())


class _StagesWithin(Stages):
    """Stages whose names are put behind that of the part they belong to."""

    def __init__(self, whole: Stages, part: str) -> None:
        super().__init__(whole.folder)
        self._whole, self._part = whole, part

    def run(self, name: str, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """See :meth:`Stages.run`."""
        return self._whole.run(f"{self._part}-{name}", compute)

    def is_done(self, name: str) -> bool:
        """See :meth:`Stages.is_done`."""
        return self._whole.is_done(f"{self._part}-{name}")

    def unfinished(self, name: str) -> Path | None:
        """See :meth:`Stages.unfinished`."""
        return self._whole.unfinished(f"{self._part}-{name}")

    def record(self, line: Mapping[str, Any]) -> None:
        """See :meth:`Stages.record`; the line says of which part it is."""
        self._whole.record({**line, "part": "-".join([self._part, *([line["part"]] if "part" in line else [])])})


def _reread(record: Path) -> str | None:
    """The fingerprint that was kept, as :meth:`Stages.begin` writes it; None where there is none to read."""
    try:
        return json.dumps(json.loads(record.read_text(encoding="utf-8")), sort_keys=True)
    except (OSError, ValueError, RecursionError):
        return None
