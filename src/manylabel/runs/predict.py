"""Predict for documents of any format: one JSON line each, in their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import TopK
from manylabel.data.formats.streams import open_output
from manylabel.decide.decision import Decision
from manylabel.runs.evaluate import listed, open_run
from manylabel.runs.reading import read_inputs


def predict_run(
    path: str | Path,
    data: str | Path,
    *,
    k: int = 10,
    output: str | Path | None = None,
    write: Callable[[str], object] | None = None,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> int:
    """Predict with a run; memory does not grow with the number of texts.

    Each line is ``{"id": ..., "labels": [...], "scores": [...]}``, best first; with a fitted decision also ``"decided":
    [...]``, the labels it assigns, and ``"probabilities": [...]`` where it calibrates the scores. A document without a
    name is called by its position, from 0. Scores are written with as many digits as a float32 needs to be read back
    the same.

    Args:
        path: the run.
        data: file or folder of documents, labels not needed; ``-`` is standard input.
        k: number of labels.
        output: a file, which appears complete or not at all; an ending such as ``.gz`` compresses it.
        write: called with each line instead.
        overrides: as for :func:`manylabel.runs.evaluate.open_run`.
        progress: counts documents.

    Returns: the number of documents.

    Raises:
        ManylabelError: whatever is wrong with the run, the data or the assignments.
    """
    run = open_run(path, overrides)
    source = run.source(data)
    batches = read_inputs(source, run.model.n_features)
    n = 0

    def lines() -> Iterator[str]:
        nonlocal n
        with progress.task("predicting", 0) as advance:
            for ids, inputs in batches:
                topk = run.model.predict(inputs, listed(k, run.decision))
                yield from prediction_lines(ids, topk, run.model.labels, k=k, decision=run.decision)
                n += len(ids)
                advance(len(ids))

    if output is not None:
        with open_output(Path(output)) as file:
            for line in lines():
                file.write(line)
    elif write is not None:
        for line in lines():
            write(line)
    return n


def prediction_lines(
    ids: Sequence[str], topk: TopK, labels: LabelSpace, *, k: int | None = None, decision: Decision | None = None
) -> Iterator[str]:
    """The JSON lines of a batch.

    Args:
        ids: names of the documents.
        topk: their labels, at least as many as the decision needs.
        labels: the label space.
        k: how many of them to write; all by default.
        decision: what assigns labels, if anything.
    """
    shown = topk if k is None else topk.head(k)
    found = (shown.indices >= 0).sum(axis=1).tolist()
    # numpy writes the shortest text that reads back as the same float32; a Python float would show float64 noise.
    scores = shown.scores.astype(str)
    decided = None if decision is None else list(_decided(topk, decision, labels))
    calibrated = decision is not None and decision.calibration is not None
    probabilities = decision.scores(shown).scores.astype(str) if calibrated and decision is not None else None
    for row, (name, count) in enumerate(zip(ids, found, strict=True)):
        record = {
            "id": name,
            "labels": labels.names_of(shown.indices[row, :count].tolist()),
            "scores": [float(text) for text in scores[row, :count]],
        }
        if probabilities is not None:
            record["probabilities"] = [float(text) for text in probabilities[row, :count]]
        if decided is not None:
            record["decided"] = decided[row]
        yield json.dumps(record, ensure_ascii=False)


def _decided(topk: TopK, decision: Decision, labels: LabelSpace) -> Iterator[list[str]]:
    """The assigned labels of each document in the order of its list; those that stand in no list, such as parents that
    a hierarchy adds, come last."""
    sets = decision.decide(topk)
    for row in range(topk.n):
        own = sets.indices[sets.indptr[row] : sets.indptr[row + 1]].tolist()
        rank = {label: place for place, label in enumerate(topk.indices[row].tolist())}
        yield labels.names_of(sorted(own, key=lambda label: (rank.get(label, len(rank)), label)))
