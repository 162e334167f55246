"""Names of metrics."""

from __future__ import annotations

from typing import Any

from manylabel.core.errors import ConfigError
from manylabel.metrics.names import parse_metric
from manylabel.runs.from_libmultilabel.given import Given

LOSS = "loss"

_ANOTHER = "Another-Macro-F1"
_LOSS = "Loss"
_LIST_LENGTH = 10
_SET_LENGTH = 100


def evaluation(given: Given, followed: str | None, *, threshold: float | None) -> dict[str, Any]:
    """The section ``evaluate``.

    Args:
        given: the file.
        followed: the metric that the best epoch is kept by, which is measured in any case.
        threshold: of label sets; None for that of the model.
    """
    value = given.take("monitor_metrics")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise given.wrong("monitor_metrics", f"expected a list of metrics, got {value!r}")
    more = [] if followed in (None, LOSS) else [followed]
    metrics = list(dict.fromkeys([*(ours for name in names for ours in _measured(given, name)), *more]))
    cuts = [parse_metric(name).k for name in metrics]
    deepest = max([cut for cut in cuts if cut is not None], default=0)
    # A label set is no longer than the list it is taken from.
    length = max(_SET_LENGTH if None in cuts else _LIST_LENGTH, deepest)
    found: dict[str, Any] = {"metrics": metrics, "k": length} if metrics else {}
    if threshold is not None:
        found["threshold"] = threshold
    return {**found, "empty": "zero"}


def followed(given: Given) -> str:
    """The metric by which the best epoch is kept, in our words."""
    name = given.text("val_metric") or "P@1"
    stops = given.text("early_stopping_metric")
    if stops is not None and stops != name:
        given.warn("early_stopping_metric", f"one metric keeps the best epoch and stops the training: {name}")
    if name == _ANOTHER:
        given.warn("val_metric", "has no counterpart: macro-F1, the mean of the labels' F1, is followed")
        return "macro-F1"
    if name == _LOSS:
        return LOSS
    try:
        return str(parse_metric(name))
    except ConfigError as error:
        raise given.wrong("val_metric", str(error)) from None


def _measured(given: Given, name: str) -> list[str]:
    if name == _ANOTHER:
        given.warn(
            "monitor_metrics",
            f"{_ANOTHER} is 2 p r / (p + r) of macro-precision p and macro-recall r: see these",
        )
        return ["macro-precision", "macro-recall"]
    if name == _LOSS:
        given.note("monitor_metrics", "the loss stands in the history of every epoch")
        return []
    try:
        return [str(parse_metric(name))]
    except ConfigError as error:
        given.warn("monitor_metrics", str(error))
        return []
