"""Labels added to a finished run, or taken out of it, without training."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.data.reading import read_labels
from manylabel.models.base import LABELS_FILE
from manylabel.runs.evaluate import OpenRun, open_run

if TYPE_CHECKING:
    from manylabel.models.dual_encoder.dual_encoder import DualEncoder

CHANGES = "label_changes"
"""Of the manifest's info: what was added and removed, in order."""


def add_labels(path: str | Path, file: str | Path, *, progress: Progress = SILENT) -> LabelSpace:
    """Take new labels into a run; readers see all of them or none. The scores of the others stay as they are.

    Args:
        path: a run of a dual encoder.
        file: a label file; its labels are found by their texts at once.
        progress: counts labels.

    Returns:
        The new labels.

    Raises:
        ManylabelError: the run's model needs training for new labels; a label is there already; whatever is wrong with
            the file.
    """
    run = open_run(path)
    model = _open_to_labels(run, path)
    new = read_labels(file)
    if not len(new):
        raise InputError("holds no label", path=file)
    joined = with_new_labels(model.labels, new, file)
    model.add_labels(joined, progress=progress)
    _write(run, model, {"added": list(new.names)})
    return new


def remove_labels(path: str | Path, names: Sequence[str]) -> int:
    """Take labels out of a run; readers see all of the change or nothing. The scores of the others stay as they are.

    Args:
        path: a run of a dual encoder.
        names: of the labels; once is enough.

    Returns:
        How many labels are left.

    Raises:
        ManylabelError: the run's model cannot do without a label; no such label, or none would be left.
    """
    run = open_run(path)
    model = _open_to_labels(run, path)
    space, gone = model.labels, list(dict.fromkeys(names))
    for name in gone:
        if name not in space:
            raise InputError(f"{path} has no label {name!r}", remedy="names are those of its labels.jsonl")
    if not gone:
        raise InputError("no label to remove is named")
    if len(gone) == len(space):
        raise InputError(f"these are all labels of {path}: none would be left")
    kept = np.setdiff1d(np.arange(len(space)), [space.index(name) for name in gone])
    model.keep_labels(kept)
    if run.decision is not None:
        run.decision.method.keep_labels(kept)
    _write(run, model, {"removed": gone})
    return len(kept)


def with_new_labels(known: LabelSpace, new: LabelSpace, file: str | Path) -> LabelSpace:
    """The labels of a run, followed by those of a label file.

    Raises:
        InputError: one of them is there already.
    """
    try:
        return known.joined(new)
    except ValueError as error:
        raise InputError(str(error), path=file, remedy="leave it out: only new labels are added") from None


def _open_to_labels(run: OpenRun, path: str | Path) -> DualEncoder:
    model = run.model
    if model.kind == "dual-encoder":
        return model  # type: ignore[return-value]
    remedy = "manylabel memory add takes labels with documents" if model.kind == "fused" else "train it anew"
    raise ConfigError(f"{path}: a run of {model.kind} cannot take or lose labels without training; {remedy}")


def _write(run: OpenRun, model: DualEncoder, change: dict[str, list[str]]) -> None:
    earlier = run.directory.manifest["info"].get(CHANGES, [])
    entry = {"created": datetime.now(UTC).isoformat(timespec="seconds"), **change}
    with run.directory.amend(**{CHANGES: [*earlier, entry]}) as writer:
        writer.text(LABELS_FILE, model.labels.to_jsonl())
        model.write_labels(writer)
        if run.decision is not None and "removed" in change:
            run.decision.write(writer)
