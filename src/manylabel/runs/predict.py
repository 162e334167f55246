"""Predict for documents of any format: one JSON line each, in their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import TopK
from manylabel.data.formats.streams import open_output
from manylabel.runs.evaluate import open_run
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

    Each line is ``{"id": ..., "labels": [...], "scores": [...]}``, best first. A document without a name is called by
    its position, from 0. Scores are written with as many digits as a float32 needs to be read back the same.

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
                yield from prediction_lines(ids, run.model.predict(inputs, k), run.model.labels)
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


def prediction_lines(ids: Sequence[str], topk: TopK, labels: LabelSpace) -> Iterator[str]:
    """The JSON lines of a batch."""
    found = (topk.indices >= 0).sum(axis=1).tolist()
    # numpy writes the shortest text that reads back as the same float32; a Python float would show float64 noise.
    scores = topk.scores.astype(str)
    for row, (name, count) in enumerate(zip(ids, found, strict=True)):
        record = {
            "id": name,
            "labels": labels.names_of(topk.indices[row, :count].tolist()),
            "scores": [float(text) for text in scores[row, :count]],
        }
        yield json.dumps(record, ensure_ascii=False)
