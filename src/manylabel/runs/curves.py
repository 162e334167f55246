"""Learning curves: the lines of ``history.jsonl`` that a training in epochs writes, one after each epoch.

A line of an epoch, of which only ``stage`` and ``epoch`` must be there::

    {"stage": "epoch", "epoch": 3, "step": 1200, "learning_rate": 1e-4, "gradient_norm": 0.8,
     "train": {"loss": 0.12, "largest-loss": 0.4, "micro-F1": 0.80},
     "validation": {"loss": 0.21, "micro-F1": 0.60}, "validation_documents": 400}

``loss`` is the mean of the epoch, ``largest-loss`` that of its worst step; both are null where they were not finite.
The other names are metrics as fractions, or ``accuracy``, the share of documents whose label set is exactly right.
Metrics under ``train`` are taken on documents as they are, not augmented, so that the two sides can be compared. A
training that weighs labels says between which numbers, once::

    {"stage": "label-weights", "smallest": 1.0, "largest": 50.0}
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from manylabel.core.run_directory import RunDirectory
from manylabel.runs.history import HISTORY_FILE

EPOCH = "epoch"
LABEL_WEIGHTS = "label-weights"

Side = Literal["train", "validation"]

_PREFERRED = ("micro-F1", "accuracy", "nDCG@5", "P@1", "example-F1", "macro-F1")
LOSSES = frozenset({"loss", "largest-loss"})


@dataclass(frozen=True)
class Epoch:
    """One epoch.

    Attributes:
        number: 1 for the first.
        train: numbers by name, on training documents as they are; NaN where a number was not finite.
        validation: likewise on documents that were not trained on.
        learning_rate: at its end, where written.
        gradient_norm: of its last step or their mean, where written.
    """

    number: int
    train: Mapping[str, float]
    validation: Mapping[str, float]
    learning_rate: float | None = None
    gradient_norm: float | None = None


@dataclass(frozen=True)
class Curves:
    """The epochs of a training, in order.

    Attributes:
        epochs: at least one.
        label_weights: smallest and largest weight of a label in the loss, where the training says so.
        validation_documents: how many the validation metrics are taken on, where the training says so.
    """

    epochs: tuple[Epoch, ...]
    label_weights: tuple[float, float] | None = None
    validation_documents: int | None = None

    def series(self, side: Side, name: str) -> list[tuple[int, float]]:
        """Epoch and value, of the epochs that have one; a loss that was not finite is NaN."""
        return [(epoch.number, values[name]) for epoch in self.epochs if name in (values := getattr(epoch, side) or {})]

    def metrics(self, side: Side) -> list[str]:
        """Names of the metrics of a side, losses left out, in the order in which they are first met."""
        names = [name for epoch in self.epochs for name in getattr(epoch, side)]
        return [name for name in dict.fromkeys(names) if name not in LOSSES]

    def leading(self) -> str | None:
        """The metric by which to judge: of those of the validation side the first of a fixed order, else its first."""
        names = self.metrics("validation")
        return next((name for name in _PREFERRED if name in names), names[0] if names else None)


def read_curves(run: RunDirectory) -> Curves | None:
    """The learning curves of a run; None for a training without epochs.

    Lines that are not understood are passed over: another version may have written them.
    """
    if HISTORY_FILE not in run:
        return None
    epochs, weights, documents = [], None, None
    for line in run.read_text(HISTORY_FILE).splitlines():
        record = _record(line)
        if "part" in record:  # of a model inside another, or of a fold
            continue
        if record.get("stage") == EPOCH and isinstance(record.get("epoch"), int):
            epochs.append(_epoch(record))
            documents = _number(record.get("validation_documents")) or documents
        elif record.get("stage") == LABEL_WEIGHTS:
            ends = (_number(record.get("smallest")), _number(record.get("largest")))
            weights = ends if None not in ends else weights
    if not epochs:
        return None
    in_order = tuple(sorted(epochs, key=lambda epoch: epoch.number))
    return Curves(in_order, weights, None if documents is None else int(documents))  # type: ignore[arg-type]


def _record(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _epoch(record: Mapping[str, Any]) -> Epoch:
    return Epoch(
        record["epoch"],
        _numbers(record.get("train")),
        _numbers(record.get("validation")),
        _number(record.get("learning_rate")),
        _number(record.get("gradient_norm")),
    )


def _numbers(values: Any) -> dict[str, float]:
    """Null under a loss means that it was not finite; any other value that is no number is left out."""
    if not isinstance(values, dict):
        return {}
    found = {name: math.nan if value is None and name in LOSSES else _number(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
