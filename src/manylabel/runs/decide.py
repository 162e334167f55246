"""Decide which labels to return: fit a decision for a finished run, without training it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from manylabel.core.config import apply_overrides
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.decide import METHODS
from manylabel.decide.decision import Decision, fit_to
from manylabel.decide.examples import Examples
from manylabel.decide.section import MethodSection
from manylabel.metrics.groups import check_cuts
from manylabel.metrics.rendering import align, percent
from manylabel.runs.card import CARD_FILE, with_decision
from manylabel.runs.evaluate import OpenRun, open_run
from manylabel.runs.held_out import HeldOut, forget_stages, held_out_scores
from manylabel.runs.reading import Source, describe, read_test

DEFAULT_K = 100
DEFAULT_FOLDS = 3

_COMPARED: tuple[Mapping[str, Any], ...] = (
    {"kind": "fixed"},
    {"kind": "global"},
    {"kind": "global", "metric": "macro-F1"},
    {"kind": "global", "calibration": "isotonic"},
    {"kind": "per-label"},
    {"kind": "per-frequency"},
    {"kind": "expected-f1"},
    {"kind": "hierarchy"},
)


@dataclass(frozen=True)
class Choice:
    """What to fit.

    Attributes:
        method: a name of the table :data:`manylabel.decide.METHODS`.
        targets: what the command line's ``--target`` said.
        assignments: ``PATH=VALUE`` for the method's options.
    """

    method: str
    targets: Sequence[str] = ()
    assignments: Sequence[str] = ()

    def section(self) -> MethodSection:
        """The method's section.

        Raises:
            ConfigError: no such method or option, or a target for a method that aims at nothing.
        """
        section: type[MethodSection] = METHODS.section(self.method)  # type: ignore[assignment]
        values: dict[str, Any] = {"kind": self.method}
        if self.targets:
            if section.target_field is None:
                raise ConfigError(f"--target {self.targets[0]}: {self.method} aims at nothing, leave it out")
            many = section.target_field == "targets"
            if not many and len(self.targets) > 1:
                raise ConfigError(f"--target: {self.method} aims at one metric, got {', '.join(self.targets)}")
            values[section.target_field] = list(self.targets) if many else self.targets[0]
        return section.parse(apply_overrides(values, self.assignments), source=self.method)


def decide_run(
    path: str | Path,
    data: str | Path | None = None,
    *,
    choice: Choice,
    k: int = DEFAULT_K,
    folds: int = DEFAULT_FOLDS,
    seed: int = 0,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Decision:
    """Fit a decision and keep it in the run; its model stays as it is, and readers see all of the change or nothing.

    Args:
        path: the run.
        data: documents with labels that the model did not learn from. Documents that it did learn from, and by default
            those of its training, are scored by cross-fitting, see :func:`manylabel.runs.held_out.held_out_scores`.
        choice: the method and what it is told.
        k: labels listed for each document, from then on also when predicting.
        folds: of the cross-fitting.
        seed: of folds and halves.
        overrides: ``data.x=value`` and ``evaluate.x=value`` assignments.
        progress: counts documents.

    Raises:
        ManylabelError: whatever is wrong with the run, the data or the options, or a target that cannot be kept.
    """
    config = choice.section()
    run, held_out, examples = _examples(path, data, k, folds, seed, overrides, progress)
    decision = fit_to(config, examples, seed=seed)
    decision.facts.update(_facts(held_out))
    _write(run, decision, held_out)
    return decision


def compare_decisions(
    path: str | Path,
    data: str | Path | None = None,
    *,
    k: int = DEFAULT_K,
    folds: int = DEFAULT_FOLDS,
    seed: int = 0,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> dict[str, Decision]:
    """Fit every method that needs no target, and keep none of them; arguments and errors as for :func:`decide_run`.

    Returns:
        By name with what was optimised, the decisions; what is known of them is in their facts. Scores that took fold
        models are kept in the run.
    """
    run, held_out, examples = _examples(path, data, k, folds, seed, overrides, progress)
    if held_out.kept is not None:
        _write(run, run.decision, held_out)
    found = {}
    for values in _COMPARED:
        config = METHODS.section(values["kind"]).parse(values, source=values["kind"])
        name = " ".join(str(value) for value in values.values())
        try:
            found[name] = fit_to(config, examples, seed=seed)  # type: ignore[arg-type]
        except InputError as error:
            progress.note(f"{name}: {error}")
    return found


def comparison_table(decisions: Mapping[str, Decision]) -> str:
    """Their metrics on documents that they were not fitted on, in percent."""
    names = list(next(iter(decisions.values())).facts["metrics"])
    rows = [["decision (%)", *names, "labels", "empty"]]
    for name, decision in decisions.items():
        facts = decision.facts
        values = [percent(facts["metrics"][metric]) for metric in names]
        rows.append([name, *values, f"{facts['labels_per_document']:.2f}", percent(facts["empty_share"])])
    return align(rows)


def _examples(
    path: str | Path,
    data: str | Path | None,
    k: int,
    folds: int,
    seed: int,
    overrides: Sequence[str],
    progress: Progress,
) -> tuple[OpenRun, HeldOut, Examples]:
    run = open_run(path, overrides)
    corpus = read_test(_source(run, data), run.model.labels, run.model.n_features, progress)
    progress.note(describe(corpus))
    if corpus.positives.nnz == 0:
        raise InputError(
            "no document has a label", path=corpus.source, remedy="a decision is fitted on documents with labels"
        )
    listed = min(k, len(run.model.labels))
    held_out = held_out_scores(run, corpus, k=listed, folds=folds, seed=seed, progress=progress)
    evaluate = run.config.evaluate
    examples = Examples.of(
        held_out.topk, held_out.corpus.positives, corpus.labels, check_cuts(evaluate.cuts), evaluate.empty
    )
    return run, held_out, examples


def _source(run: OpenRun, data: str | Path | None) -> Source:
    if data is not None:
        return run.source(data)
    if "train" not in run.directory.manifest["info"].get("data", {}):
        raise ConfigError(f"{run.path}: does not say what it was trained on; name documents with labels")
    return Source.train(run.config.data)


def _facts(held_out: HeldOut) -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": held_out.corpus.source,
        "folds": held_out.folds,
    }


def _write(run: OpenRun, decision: Decision | None, held_out: HeldOut) -> None:
    with run.directory.amend(plain_names={CARD_FILE}) as writer:
        writer.info.update(held_out.write(writer))
        if decision is not None:
            writer.info["decision"] = {"kind": decision.kind, "source": decision.facts.get("source")}
            decision.write(writer)
            if CARD_FILE in run.directory:
                writer.text(CARD_FILE, with_decision(run.directory.read_text(CARD_FILE), decision))
    forget_stages(run)
