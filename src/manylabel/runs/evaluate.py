"""Measure a run on a test part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.decide.decision import Decision
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.models.base import CONFIG_FILE, Model, load_from
from manylabel.runs.config import RunConfig, parse_config
from manylabel.runs.digests import corpus_digest
from manylabel.runs.evaluate_config import EvaluateConfig
from manylabel.runs.reading import AnyCorpus, Source, describe, read_test

_BATCH = 8192
NO_DATA = "(none)"
"""Stands for the training data of a model that was saved from Python."""


@dataclass(frozen=True)
class OpenRun:
    """A finished run, opened to be used.

    Attributes:
        directory: where it lies.
        model: its model.
        config: its configuration, with the assignments of the command applied.
        given: options of the section ``data`` that were assigned.
        decision: what was fitted with ``manylabel decide``; None where nothing was.
    """

    directory: RunDirectory
    model: Model
    config: RunConfig[Any]
    given: frozenset[str]
    decision: Decision | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.directory.path

    def source(self, path: str | Path | None) -> Source:
        """The data of a path; without one, the test part that the run's configuration names.

        Raises:
            ConfigError: no path is given and the run has no test part.
        """
        data = self.config.data
        if path is not None:
            own_format = data.format if "format" in self.given else None
            data = data.with_values(test=str(path), format=own_format)
            return Source(str(path), data, data.test_part, self.given)
        if data.test is None:
            raise ConfigError(f"{self.path}: the run was trained without a test part; name the data to use")
        return Source.test(data)

    def test_digest(self) -> str | None:
        """Digest of the test part that the run was evaluated on when it was trained."""
        return self.directory.manifest["info"].get("data", {}).get("test", {}).get("digest")


def open_run(path: str | Path, overrides: Sequence[str] = ()) -> OpenRun:
    """Load a run, its files compared with the manifest.

    Args:
        path: the run.
        overrides: ``data.x=value`` and ``evaluate.x=value`` assignments.

    Raises:
        RunError: not a run, damaged, or with a decision of another version.
        ConfigError: bad assignments, or one to the model, which is trained already.
    """
    for item in overrides:
        if item.partition("=")[0].strip().partition(".")[0] == "model":
            raise ConfigError(f"--set {item}: the model is trained already; train another run for that")
    directory = RunDirectory.open(path)
    model = load_from(directory)
    values = yaml.safe_load(directory.read_text(CONFIG_FILE))
    # A model that was saved from Python has no data section; what it needs of it are the defaults.
    values = {"data": {"train": NO_DATA}, **values}
    config = parse_config(values, overrides, source=str(directory.file(CONFIG_FILE)))
    keys = [item.partition("=")[0].strip().split(".") for item in overrides]
    given = frozenset(key[1] for key in keys if key[0] == "data" and len(key) > 1)
    return OpenRun(directory, model, config, given, Decision.read(directory))


def evaluate_run(
    path: str | Path, data: str | Path | None = None, *, overrides: Sequence[str] = (), progress: Progress = SILENT
) -> Evaluation:
    """Measure a run.

    Args:
        path: the run.
        data: a file or folder with documents and labels; by default the run's own test part.
        overrides: as for :func:`open_run`.
        progress: counts documents.

    Raises:
        ManylabelError: whatever is wrong with the run, the data or the assignments.
    """
    run = open_run(path, overrides)
    corpus = read_test(run.source(data), run.model.labels, run.model.n_features, progress)
    progress.note(describe(corpus))
    if data is None:
        check_unchanged(run, corpus)
    return measure(run.model, corpus, run.config.evaluate, progress, run.decision)


def measure(
    model: Model,
    corpus: AnyCorpus,
    config: EvaluateConfig,
    progress: Progress = SILENT,
    decision: Decision | None = None,
) -> Evaluation:
    """Predict and measure, batch by batch.

    Args:
        model: what predicts.
        corpus: documents with labels.
        config: metrics, and length of the lists.
        progress: counts documents.
        decision: makes the label sets, unless `config` has a threshold or a number of labels.

    Raises:
        InputError: no document with a label, or no label in common with the model.
    """
    if config.threshold is not None or config.top_n is not None:
        decision = None
    rule = "given" if decision is None else f"decision {decision.kind}"
    evaluator = Evaluator(model.labels, config.settings(), test_labels=corpus.labels, sets_by=rule)
    with progress.task("evaluating", len(corpus)) as advance:
        for rows, topk in predictions(model, corpus, listed(config.k, decision)):
            sets = None if decision is None else decision.decide(topk)
            evaluator.update(topk.head(config.k), corpus.positives[rows], sets)
            advance(len(topk))
    return evaluator.result(dropped_labels=corpus.dropped_labels)


def listed(k: int, decision: Decision | None) -> int:
    """How many labels to predict where k are asked for: a decision needs as many as it was fitted on."""
    return k if decision is None else max(k, decision.k)


def predictions(model: Model, corpus: AnyCorpus, k: int) -> Iterator[tuple[slice, TopK]]:
    """Predictions for a corpus in batches, each with its rows."""
    for start in range(0, len(corpus), _BATCH):
        rows = slice(start, min(start + _BATCH, len(corpus)))
        inputs = corpus.features[rows] if isinstance(corpus, FeatureCorpus) else corpus.texts[rows]
        yield rows, model.predict(inputs, k)


def check_unchanged(run: OpenRun, corpus: AnyCorpus) -> None:
    """Make sure that a run's own test part is what it was when the run was trained.

    Raises:
        InputError: it has other documents or labels.
    """
    known = run.test_digest()
    if known is not None and known != corpus_digest(corpus):
        raise InputError(
            f"is not the test part that {run.path} was evaluated on when it was trained",
            path=corpus.source,
            remedy="name the data to use it all the same",
        )
