"""Open a run and ask its model about test and training documents, for the rules to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from manylabel.core.errors import ConfigError, InputError, ManylabelError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.names import parse_metric
from manylabel.report.doctor.examined import Examined, Part
from manylabel.report.doctor.label_sets import label_sets
from manylabel.runs.curves import read_curves
from manylabel.runs.digests import corpus_digest
from manylabel.runs.evaluate import NO_DATA, OpenRun, check_unchanged, listed, open_run, predictions
from manylabel.runs.reading import AnyCorpus, Source, describe, read_test
from manylabel.runs.train import METRICS_FILE

_SAMPLE = 5_000
_NEEDED = (
    "P@1",
    "micro-F1",
    "micro-precision",
    "micro-recall",
    "macro-F1-supported",
    "macro-recall",
    "macro-recall-supported",
    "example-F1",
)


def examine(
    path: str | Path,
    data: str | Path | None = None,
    train: str | Path | None = None,
    *,
    overrides: tuple[str, ...] | list[str] = (),
    progress: Progress = SILENT,
) -> Examined:
    """Read all that the rules look at; nothing is written.

    Args:
        path: the run.
        data: documents with labels; by default the run's own test part, as it was.
        train: where the training documents lie now; by default where the configuration names them.
        overrides: ``data.x=value`` and ``evaluate.x=value`` assignments.
        progress: notes what is read, counts documents.

    Raises:
        RunError: not a run, damaged, or of a newer version.
        InputError: bad data; the run's own test part has changed; `train` is not what the run was trained on.
        ConfigError: the run has no test part and `data` names none, or bad assignments.
    """
    run = open_run(path, overrides)
    if data is None and run.config.data.test is None:
        raise ConfigError(f"{run.path}: was trained without a test part; name documents with labels: --data FILE")
    corpus = read_test(run.source(data), run.model.labels, run.model.n_features, progress)
    progress.note(describe(corpus))
    if data is None:
        check_unchanged(run, corpus)
    known = run.test_digest()
    own_test = known is not None and (data is None or known == corpus_digest(corpus))
    measured = ask(run, corpus, progress)
    training = _training(run, train, progress)
    return Examined(
        run=run,
        own_test=own_test,
        measured=measured,
        training=training,
        trained=_trained(run, training, progress),
        curves=read_curves(run.directory),
        recorded=_recorded(run),
    )


def ask(run: OpenRun, corpus: AnyCorpus, progress: Progress = SILENT, *, intervals: bool = True) -> Part:
    """Predictions for documents, and what they are worth, with the label sets that ``manylabel evaluate`` would make.

    Args:
        run: the run; its decision makes the label sets unless the section ``evaluate`` has a threshold or a number.
        corpus: documents with labels.
        progress: counts documents.
        intervals: also resample.

    Raises:
        InputError: no document with a label, or no label in common with the model.
    """
    model, config = run.model, run.config.evaluate
    decision = run.decision if config.threshold is None and config.top_n is None else None
    own = [str(parse_metric(name)) for name in config.metrics]
    settings = config.with_values(
        metrics=(*own, *(name for name in _NEEDED if name not in own)),
        groups=True,
        n_bootstrap=config.n_bootstrap if intervals else 0,
    )
    rule = "given" if decision is None else f"decision {decision.kind}"
    evaluator = Evaluator(model.labels, settings.settings(), test_labels=corpus.labels, sets_by=rule)
    parts, sets = [], []
    with progress.task("asking", len(corpus)) as advance:
        for rows, topk in predictions(model, corpus, listed(config.k, decision)):
            decided = None if decision is None else decision.decide(topk)
            shown = topk.head(config.k)
            evaluator.update(shown, corpus.positives[rows], decided)
            parts.append(shown)
            sets.append(label_sets(shown, config, len(model.labels)) if decided is None else decided)
            advance(len(topk))
    return Part(corpus, TopK.concatenate(parts), csr_matrix(vstack(sets, format="csr")), evaluator.result())


def names_training(run: OpenRun) -> bool:
    """Whether the run's configuration says what it was trained on; that of a model saved from Python does not."""
    return run.config.data.train != NO_DATA


def _training(run: OpenRun, path: str | Path | None, progress: Progress) -> AnyCorpus | str:
    """The training documents, or why not; an error only where the path was named for this very purpose."""
    facts = run.directory.manifest["info"].get("data", {}).get("train")
    data = run.config.data
    if path is None and (facts is None or not names_training(run)):
        return "the run does not name its training documents"
    if path is not None:
        data = data.with_values(train=str(path))
    progress.note(f"reading {data.train}")
    try:
        corpus = read_test(Source.train(data), run.model.labels, run.model.n_features, progress)
    except ManylabelError as error:
        if path is not None:
            raise
        return f"the training documents cannot be read: {error}"
    if _is_that_of(run, corpus, facts):
        return corpus
    if path is not None:
        raise InputError(
            f"is not what {run.path} was trained on: other texts, or other labels",
            path=path,
            remedy="name the training file, or leave --train out",
        )
    return f"{data.train} is not what the run was trained on: it has changed since"


def _is_that_of(run: OpenRun, corpus: AnyCorpus, facts: Mapping[str, Any] | None) -> bool:
    """The corpus has the digest that the run recorded; a run that was saved from Python knows only label counts."""
    if facts is not None:
        return corpus_digest(corpus) == facts["digest"]
    labels = run.model.labels
    counts = np.bincount(corpus.positives.indices, minlength=len(labels))
    return labels.n_documents == len(corpus) and np.array_equal(counts, labels.counts)  # type: ignore[arg-type]


def _trained(run: OpenRun, training: AnyCorpus | str, progress: Progress) -> Part | str:
    if isinstance(training, str):
        return training
    if run.model.kind == "fused":
        return (
            "a fused model remembers its training documents and finds each of them again: its score there says nothing"
        )
    rows = np.arange(len(training))
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), _SAMPLE, replace=False))
    progress.note(f"asking about {len(rows):,} training documents")
    return ask(run, training.select(rows), progress, intervals=False)


def _recorded(run: OpenRun) -> dict[str, Any] | None:
    return run.directory.read_json(METRICS_FILE) if METRICS_FILE in run.directory else None
