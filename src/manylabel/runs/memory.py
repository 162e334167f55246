"""Add documents and labels to a finished run, without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from manylabel.core.errors import ConfigError
from manylabel.core.progress import SILENT, Progress
from manylabel.data.reading import read_labels
from manylabel.models.fused import Fused
from manylabel.runs.evaluate import open_run
from manylabel.runs.facts import corpus_facts
from manylabel.runs.labels import with_new_labels
from manylabel.runs.reading import describe, read_test

_ADDED = "added"


@dataclass(frozen=True)
class Addition:
    """What was added.

    Attributes:
        documents: number of documents.
        labels: number of new labels.
    """

    documents: int
    labels: int


def add_to_memory(
    path: str | Path,
    data: str | Path,
    *,
    labels: str | Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Addition:
    """Take documents into the memory of a run; readers see all of it or nothing.

    Args:
        path: a run of a fused model.
        data: documents with labels, in any format.
        labels: a label file with new labels, which the documents may have then.
        overrides: ``data.x=value`` assignments.
        progress: counts documents.

    Raises:
        ManylabelError: the run has no memory; a new label is there already; a document has a label that neither the
            run nor the label file has; whatever is wrong with the files.
    """
    run = open_run(path, overrides)
    model = run.model
    if not isinstance(model, Fused):
        raise ConfigError(f"{path}: a run of {model.kind} has no memory; train one with model: fused")
    space = model.labels if labels is None else with_new_labels(model.labels, read_labels(labels), labels)
    source = run.source(data)
    if source.data.unknown_labels is None:
        source = replace(source, data=source.data.with_values(unknown_labels="error"))
    corpus = read_test(source, space, model.n_features, progress)
    progress.note(describe(corpus))
    new = len(corpus.labels) - len(model.labels)
    model.add(corpus)
    earlier = run.directory.manifest["info"].get(_ADDED, [])
    entry = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "labels": new, "data": corpus_facts(corpus)}
    with run.directory.amend(**{_ADDED: [*earlier, entry]}) as writer:
        model.write_added(writer)
    return Addition(len(corpus), new)
