"""``manylabel report``: one page about one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import yaml

from manylabel.core.errors import RunError
from manylabel.core.progress import SILENT, Progress
from manylabel.metrics import METRICS
from manylabel.metrics.by_frequency import by_frequency
from manylabel.metrics.groups import check_cuts, describe
from manylabel.metrics.names import parse_metric
from manylabel.models import MODELS
from manylabel.report.frequency import counts_chart, label_counts_chart, quality_chart
from manylabel.report.page import render, require_extra
from manylabel.report.run.curves import calibration_chart, learning_curves, reliability_of
from manylabel.report.run.examples import choose_examples
from manylabel.report.run.label_lists import ENOUGH, list_labels
from manylabel.report.run.measured import Measured, measure_run
from manylabel.report.run.sentences import headline, label_sentences
from manylabel.runs.evaluate import OpenRun, open_run
from manylabel.runs.history import HISTORY_FILE
from manylabel.runs.train import METRICS_FILE

# What a run that was saved from Python does not know.
_NOT_RECORDED: dict[str, Any] = {"data": {}, "created": None, "seconds": None, "versions": None}
_ENOUGH_BINS = 3  # for a curve; fewer are told by the table alone
_DETAILS = ("documents", "labels", "pairs", "without_labels")


def report_run(
    path: str | Path,
    data: str | Path | None = None,
    *,
    examples: int = 3,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> str:
    """The page about a run, as self-contained HTML.

    Without a test part, the page shows what the run stored and says what is left out.

    Args:
        path: the run.
        data: documents with labels to measure it on; by default the run's own test part.
        examples: right, wrong and missing predictions to show, of each as many; 0 shows no texts.
        overrides: as for :func:`manylabel.runs.evaluate.open_run`.
        progress: counts documents.

    Raises:
        MissingExtraError: the extra ``report`` is not installed.
        ManylabelError: whatever is wrong with the run, the data or the assignments.
    """
    require_extra("the report of a run")
    run = open_run(path, overrides)
    measured, basis = measure_run(run, data, progress)
    progress.note(basis)
    metrics = _metrics(run, measured)
    history = _history(run)
    context: dict[str, Any] = {
        "name": run.path.resolve().name,
        "kind": run.config.model.kind,
        "summary": MODELS[run.config.model.kind].summary,
        "basis": basis,
        "info": _NOT_RECORDED | run.directory.manifest["info"],
        "n_labels": len(run.model.labels),
        "size": sum(entry["bytes"] for entry in run.directory.manifest["files"].values()),
        "parts_of_data": _parts(run),
        "groups": _groups(run),
        "label_counts": _label_counts(run),
        "config": yaml.safe_dump(run.config.model.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        "metrics": _metric_rows(metrics),
        "meanings": _meanings(metrics),
        "remarks": [] if measured is None else measured.evaluation.remarks(),
        "decision": None if run.decision is None else run.decision.describe().splitlines(),
        "sentences": headline(metrics),
        "stages": [line for line in history if "seconds" in line and line.get("stage") != "epoch"],
        "learning": learning_curves(history),
        "takes_features": run.model.n_features is not None,
    }
    context |= _nothing_measured() if measured is None else _of_documents(run, measured, examples, progress)
    context["sentences"] += context.pop("label_sentences")
    return render("run.html", **context)


def _of_documents(run: OpenRun, measured: Measured, examples: int, progress: Progress) -> dict[str, Any]:
    """What needs test documents."""
    table, settings = measured.evaluation.label_table, measured.evaluation.settings
    lists = list_labels(table)
    bins = by_frequency(table, confidence=settings.confidence, seed=settings.seed)
    drawn = sum(one.low > 0 for one in bins) >= _ENOUGH_BINS
    calibration = reliability_of(measured)
    return {
        "measured": True,
        "bins": bins,
        "quality_chart": quality_chart(bins) if drawn else "",
        "counts_chart": counts_chart(bins) if drawn else "",
        "lists": lists,
        "enough": ENOUGH,
        "label_sentences": label_sentences(table, lists),
        "score_kind": measured.topk.kind,
        "calibration": calibration,
        "calibration_chart": "" if calibration is None else calibration_chart(calibration),
        "examples": choose_examples(run.model, measured, examples, progress),
    }


def _nothing_measured() -> dict[str, Any]:
    return {
        "measured": False,
        "bins": [],
        "lists": None,
        "label_sentences": [],
        "calibration": None,
        "examples": [],
        "score_kind": None,
    }


def _metrics(run: OpenRun, measured: Measured | None) -> Mapping[str, Any]:
    """Measured metrics, or those that the run stored."""
    if measured is not None:
        return measured.evaluation.to_dict()
    return run.directory.read_json(METRICS_FILE) if METRICS_FILE in run.directory else {}


def _names(metrics: Mapping[str, Any]) -> list[str]:
    """The metrics stand first; the number of documents is the first of what they rest on."""
    return list(metrics)[: list(metrics).index("documents")] if metrics else []


def _meanings(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What each kind of metric is, once whatever its cuts."""
    entries = dict.fromkeys(parse_metric(name).entry for name in _names(metrics))
    return [(entry, METRICS[entry].summary) for entry in entries]


def _metric_rows(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Heading and rows of the table of metrics."""
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


def _parts(run: OpenRun) -> list[dict[str, Any]]:
    """The parts of the data, as the run recorded them."""
    recorded = run.directory.manifest["info"].get("data", {})
    return [
        {"part": part, "file": PurePath(facts["source"] or "").name, **{key: facts[key] for key in _DETAILS}}
        for part, facts in recorded.items()
    ]


def _groups(run: OpenRun) -> list[tuple[str, str, int]]:
    """Name, training documents and size of each group of labels."""
    sizes = run.directory.manifest["info"].get("labels", {})
    said = describe(check_cuts(run.config.evaluate.cuts))
    return [(name, text, sizes[name]) for name, text in said.items() if name in sizes]


def _label_counts(run: OpenRun) -> str:
    counts = run.model.labels.counts
    return "" if counts is None or not counts.any() else label_counts_chart(counts)


def _history(run: OpenRun) -> list[dict[str, Any]]:
    if HISTORY_FILE not in run.directory:
        return []
    try:
        return [json.loads(line) for line in run.directory.read_text(HISTORY_FILE).splitlines()]
    except ValueError as error:
        raise RunError(f"{run.directory.file(HISTORY_FILE)}: is not valid JSON: {error}") from None
