"""What a run recorded of itself, as the rows of tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from manylabel.core.errors import RunError
from manylabel.metrics import METRICS
from manylabel.metrics.groups import check_cuts, describe
from manylabel.metrics.names import parse_metric
from manylabel.runs.curves import EPOCH
from manylabel.runs.evaluate import OpenRun
from manylabel.runs.facts import label_facts
from manylabel.runs.history import HISTORY_FILE
from manylabel.runs.train import METRICS_FILE

_DETAILS = ("documents", "labels", "pairs", "without_labels")
_BEHIND_METRICS = "documents"  # metrics stand first; this is the first of what they rest on


def stored_metrics(run: OpenRun) -> Mapping[str, Any]:
    """The metrics of the training, as :meth:`~manylabel.metrics.evaluation.Evaluation.to_dict` gives them; none
    where it measured nothing.

    Raises:
        RunError: they were stored in another form.
    """
    if METRICS_FILE not in run.directory:
        return {}
    found = run.directory.read_json(METRICS_FILE)
    if not isinstance(found, dict) or _BEHIND_METRICS not in found:
        raise RunError(f"{run.directory.file(METRICS_FILE)}: is not what this version stores; name data with --data")
    return found


def metric_rows(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of the table of metrics, the groups behind them, and how sure the intervals are."""
    intervals, groups = metrics.get("intervals") or {}, metrics.get("groups") or {}
    rows = [
        {
            "name": name,
            "value": metrics[name],
            "interval": intervals.get(name),
            "groups": [group.get(name) for group in groups.values()],
        }
        for name in _names(metrics)
    ]
    return {"rows": rows, "groups": list(groups), "level": f"{100 * metrics.get('confidence', 0):g} %"}


def meanings(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What each kind of metric is, once whatever its cuts."""
    entries = dict.fromkeys(parse_metric(name).entry for name in _names(metrics))
    return [(entry, METRICS[entry].summary) for entry in entries]


def parts_of_data(run: OpenRun) -> list[dict[str, Any]]:
    """Name, file and counts of each part; none where the run was saved from Python."""
    recorded = run.directory.manifest["info"].get("data", {})
    return [
        {"part": part, "file": PurePath(facts["source"] or "").name, **{key: facts[key] for key in _DETAILS}}
        for part, facts in recorded.items()
    ]


def label_groups(run: OpenRun) -> list[tuple[str, str, int]]:
    """Name, training documents and size of each group of labels; none where training counts are not known."""
    if run.model.labels.counts is None:
        return []
    cuts = check_cuts(run.config.evaluate.cuts)
    sizes = label_facts(run.model.labels, cuts)
    return [(name, text, sizes[name]) for name, text in describe(cuts).items()]


def stages(run: OpenRun) -> list[dict[str, Any]]:
    """What was done when, epochs left out.

    Raises:
        RunError: the history is no JSON.
    """
    if HISTORY_FILE not in run.directory:
        return []
    try:
        lines = [json.loads(line) for line in run.directory.read_text(HISTORY_FILE).splitlines()]
    except ValueError as error:
        raise RunError(f"{run.directory.file(HISTORY_FILE)}: is not valid JSON: {error}") from None
    return [line for line in lines if {"seconds", "peak_memory_bytes"} <= line.keys() and line.get("stage") != EPOCH]


def _names(metrics: Mapping[str, Any]) -> list[str]:
    return list(metrics)[: list(metrics).index(_BEHIND_METRICS)] if metrics else []
