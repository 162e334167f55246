"""What is kept of a batch of documents once it has been measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from manylabel.metrics.batch import Batch, View
from manylabel.metrics.groups import GROUPS
from manylabel.metrics.sample import ALL
from manylabel.metrics.settings import Settings


@dataclass(frozen=True, eq=False)
class Tally:
    """Measured documents, in their order. Rows of the pairs count from the first document of the tally.

    Attributes:
        numerators: float64 ``[n, columns]``, see :func:`columns_of`.
        denominators: float64 ``[n, ratios]``, of the columns of ``ratio`` metrics only.
        counted: bool ``[n, views]``, the denominators of the others.
        truth_rows, truth: int32, true (document, label) pairs.
        set_rows, set_labels, set_correct: int32, int32, bool, assigned pairs.
        hit_rows, hit_labels, hit_ranks: int32 each, listed pairs that are true, with their ranks.
        list_rows, list_labels, list_scores, list_hits: int32, int32, float32, bool, all listed pairs.
    """

    numerators: np.ndarray
    denominators: np.ndarray
    counted: np.ndarray
    truth_rows: np.ndarray
    truth: np.ndarray
    set_rows: np.ndarray
    set_labels: np.ndarray
    set_correct: np.ndarray
    hit_rows: np.ndarray
    hit_labels: np.ndarray
    hit_ranks: np.ndarray
    list_rows: np.ndarray
    list_labels: np.ndarray
    list_scores: np.ndarray
    list_hits: np.ndarray

    @property
    def n(self) -> int:
        """Number of documents."""
        return len(self.numerators)


def views_of(settings: Settings) -> tuple[str, ...]:
    """Names of the views: ``all``, then the groups where they are asked for."""
    return (ALL, *GROUPS) if settings.groups else (ALL,)


def columns_of(settings: Settings) -> list[tuple[str, str, bool]]:
    """View, metric and whether it has denominators of its own, for each column of numerators."""
    return [
        (view, str(name), metric.kind == "ratio")
        for view in views_of(settings)
        for name, metric in settings.per_document
    ]


def tally(batch: Batch, scores: np.ndarray, settings: Settings) -> Tally:
    """Measure a batch; `scores` are those of its lists, ``[n, d]``."""
    views = [View(batch, group) for group in (None, *range(len(GROUPS)))[: len(views_of(settings))]]
    above, below = [], []
    for view in views:
        for name, metric in settings.per_document:
            values = metric(view) if name.k is None else metric(view, name.k)
            if metric.kind == "ratio":
                values, denominators = values
                below.append(denominators)
            else:
                values = np.where(view.counted, values, 0.0)
            above.append(values)
    hit_rows, hit_columns = batch.hit_cells if settings.wants_hits else (np.zeros(0, np.int64),) * 2
    listed = batch.lists >= 0 if settings.wants_curves else np.zeros(batch.lists.shape, dtype=bool)
    return Tally(
        _columns(above, batch.n),
        _columns(below, batch.n),
        np.stack([view.counted for view in views], axis=1),
        batch.truth_rows.astype(np.int32),
        batch.truth,
        batch.set_rows.astype(np.int32),
        batch.set_labels,
        batch.set_correct,
        hit_rows.astype(np.int32),
        batch.lists[hit_rows, hit_columns],
        (hit_columns + 1).astype(np.int32),
        np.nonzero(listed)[0].astype(np.int32),
        batch.lists[listed],
        scores[listed],
        batch.hits[listed] if settings.wants_curves else np.zeros(0, dtype=bool),
    )


def concatenate(parts: Sequence[Tally]) -> Tally:
    """The documents of all parts in order: the same, however they were divided."""
    offsets = np.cumsum([0, *(part.n for part in parts)])
    joined = {}
    for field in fields(Tally):
        arrays = [getattr(part, field.name) for part in parts]
        if field.name.endswith("_rows"):
            arrays = [array + np.int32(offset) for array, offset in zip(arrays, offsets, strict=False)]
        joined[field.name] = np.concatenate(arrays)
    return Tally(**joined)


def _columns(values: list[np.ndarray], n: int) -> np.ndarray:
    return np.stack(values, axis=1).astype(np.float64) if values else np.zeros((n, 0))
