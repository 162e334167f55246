"""``manylabel report``: one page about one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from manylabel.core.progress import SILENT, Progress
from manylabel.metrics.by_frequency import by_frequency
from manylabel.models import MODELS
from manylabel.report.doctor.diagnosis import diagnose
from manylabel.report.doctor.reading import examine
from manylabel.report.frequency import counts_chart, label_counts_chart, quality_chart
from manylabel.report.page import render, require_extra
from manylabel.report.run.curves import calibration_chart, learning_curves, reliability_of
from manylabel.report.run.examples import choose_examples
from manylabel.report.run.label_lists import ENOUGH, list_labels
from manylabel.report.run.measured import Measured, measure_run
from manylabel.report.run.recorded import label_groups, meanings, metric_rows, parts_of_data, stages, stored_metrics
from manylabel.report.run.sentences import headline, label_sentences
from manylabel.runs.curves import read_curves
from manylabel.runs.evaluate import OpenRun, open_run

# What a run that was saved from Python does not know.
_NOT_RECORDED: dict[str, Any] = {"data": {}, "created": None, "seconds": None, "versions": None}
_ENOUGH_BINS = 3  # for a curve; fewer are told by the table alone


def report_run(
    path: str | Path,
    data: str | Path | None = None,
    *,
    examples: int = 3,
    doctor: bool = False,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> str:
    """The page about a run, as self-contained HTML.

    Without a test part, the page shows what the run stored and says what is left out.

    Args:
        path: the run.
        data: documents with labels to measure it on; by default the run's own test part.
        examples: right, wrong and missing predictions to show, of each as many; 0 shows no texts.
        doctor: also say what ``manylabel doctor`` finds; takes longer, as it asks about training documents too.
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
    metrics = stored_metrics(run) if measured is None else measured.evaluation.to_dict()
    context: dict[str, Any] = {
        "name": run.path.resolve().name,
        "kind": run.config.model.kind,
        "summary": MODELS[run.config.model.kind].summary,
        "basis": basis,
        "info": _NOT_RECORDED | run.directory.manifest["info"],
        "n_labels": len(run.model.labels),
        "size": sum(entry["bytes"] for entry in run.directory.manifest["files"].values()),
        "parts_of_data": parts_of_data(run),
        "groups": label_groups(run),
        "label_counts": _label_counts(run),
        "config": yaml.safe_dump(run.config.model.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        "metrics": metric_rows(metrics),
        "meanings": meanings(metrics),
        "remarks": [] if measured is None else measured.evaluation.remarks(),
        "decision": None if run.decision is None else run.decision.describe().splitlines(),
        "sentences": headline(metrics),
        "fact_tables": run.model.fact_tables(),
        "stages": stages(run),
        "learning": learning_curves(read_curves(run.directory)),
        "diagnosis": _diagnosis(run, data, examples, overrides, progress) if doctor and measured else None,
        "takes_features": run.model.n_features is not None,
    }
    context |= _nothing_measured() if measured is None else _of_documents(run, measured, examples, progress)
    context["sentences"] += context.pop("label_sentences")
    return render("run.html", **context)


def _diagnosis(
    run: OpenRun, data: str | Path | None, examples: int, overrides: Sequence[str], progress: Progress
) -> dict[str, Any]:
    """What the doctor says; without texts where none are to be shown."""
    found = diagnose(examine(run.path, data, overrides=list(overrides), progress=progress), progress)
    findings = found.findings if examples else [replace(finding, examples=()) for finding in found.findings]
    return {"findings": findings, "looked": found.looked, "not_looked": found.not_looked}


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


def _label_counts(run: OpenRun) -> str:
    counts = run.model.labels.counts
    return "" if counts is None or not counts.any() else label_counts_chart(counts)
