"""Look at data: read its parts, ask models about documents they did not see, gather facts and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.finding import Finding
from manylabel.core.progress import SILENT, Progress
from manylabel.data.inspect.check import find
from manylabel.data.inspect.inspected import TRAIN, Inspected, UnseenScores
from manylabel.data.inspect.options import InspectOptions
from manylabel.data.inspect.statistics import Statistics, describe_parts
from manylabel.data.inspect.table import facts_table, findings_text
from manylabel.runs.data_config import DataConfig
from manylabel.runs.reading import Source, describe, read_test, read_training

_FOLDS = 3
_LABELS_ASKED = 20
_MODEL = "linear-tree"


@dataclass(frozen=True)
class Inspection:
    """What was found out about a data set.

    Attributes:
        sources: where each part came from; None for a corpus made in memory.
        statistics: the facts.
        findings: what is noteworthy or wrong, worst first.
        notes: what was not looked at, or only in a sample.
        options: how closely was looked.
    """

    sources: Mapping[str, str | None]
    statistics: Statistics
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    options: InspectOptions

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "sources": dict(self.sources),
            "statistics": self.statistics.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "options": self.options.model_dump(mode="json"),
        }

    def table(self) -> str:
        """For a terminal: the facts, then the findings."""
        return f"{facts_table(self.statistics)}\n\n{findings_text(self.findings, self.notes)}"


def inspect(
    train: Corpus,
    *,
    test: Corpus | None = None,
    validation: Corpus | None = None,
    progress: Progress = SILENT,
    **options: Any,
) -> Inspection:
    """Look at a data set: facts, and findings with what to do about them.

    Args:
        train: training documents.
        test: test documents, read with ``labels=train.labels``.
        validation: validation documents, read likewise.
        progress: where long work reports.
        **options: fields of :class:`manylabel.data.inspect.options.InspectOptions`.

    Raises:
        InputError: a part without documents, or one that is no corpus of texts.
        ConfigError: unknown options or values.
    """
    chosen = InspectOptions.parse(options, source="inspect options")
    return inspect_parts(_given({TRAIN: train, "validation": validation, "test": test}), chosen, progress)


def inspect_files(
    data: DataConfig, validation: str | None, options: InspectOptions, progress: Progress = SILENT
) -> Inspection:
    """Read what a section ``data`` names, and look at it.

    Args:
        data: training and test part, label file, and how to read them.
        validation: a validation part; of the folder with that name, its part ``validation``.
        options: how closely to look.
        progress: where long work reports.

    Raises:
        InputError: bad input, with file, line and remedy.
        ConfigError: feature vectors, or options that the data has no use for.
    """
    sources = {TRAIN: Source.train(data)}
    if validation is not None:
        part = "validation" if Path(validation).is_dir() else data.test_part
        sources["validation"] = Source(validation, data, part)
    if data.test is not None:
        sources["test"] = Source.test(data)
    for source in sources.values():
        if source.holds_features:
            raise ConfigError(f"{source.path}: holds feature vectors; only texts can be inspected")
    train = read_training(data, progress)
    progress.note(describe(train))
    parts: dict[str, Any] = {TRAIN: train}
    for name, source in sources.items():
        if name != TRAIN:
            parts[name] = read_test(source, train.labels, None, progress)
            progress.note(describe(parts[name]))
    return inspect_parts(_given(parts), options, progress)


def inspect_parts(parts: Mapping[str, Corpus], options: InspectOptions, progress: Progress = SILENT) -> Inspection:
    """Look at parts that have been read; the first is called ``train``.

    Raises:
        InputError: no training document has a label.
    """
    if parts[TRAIN].positives.nnz == 0:
        raise InputError("no document has a label", path=parts[TRAIN].source, remedy="is labels_field the right field?")
    inspected = Inspected.of(parts, options, progress=progress)
    statistics = describe_parts(inspected)
    notes: list[str] = []
    if "missing-labels" not in options.skip:
        inspected = replace(inspected, scores=_unseen_scores(inspected, notes))
    findings = tuple(find(inspected))
    if inspected.words.complete is False:
        notes.append(f"Words were looked at in a sample of {len(inspected.words.rows):,} documents.")
    return Inspection(
        {name: corpus.source for name, corpus in parts.items()}, statistics, findings, tuple(notes), options
    )


def _unseen_scores(inspected: Inspected, notes: list[str]) -> UnseenScores | None:
    """Ask models about training documents, or of a large corpus about a sample, that they did not see."""
    from manylabel.models import MODELS
    from manylabel.models.cross_fit import out_of_fold

    options, train = inspected.options, inspected.train
    if options.model_documents == 0:
        notes.append("Missing labels were not looked for: inspect.model_documents is 0.")
        return None
    rows = np.arange(len(train))
    if len(train) > options.model_documents:
        chance = np.random.default_rng(options.seed)
        rows = np.sort(chance.choice(len(train), options.model_documents, replace=False))
        notes.append(
            f"Missing labels were looked for in a sample of {len(rows):,} of {len(train):,} training documents "
            "(inspect.model_documents)."
        )
    sample = train.select(rows)
    try:
        found = out_of_fold(
            MODELS.section(_MODEL)(),
            sample,
            folds=_FOLDS,
            k=min(_LABELS_ASKED, len(train.labels)),
            seed=options.seed,
            progress=inspected.progress,
        )
    except InputError as error:
        notes.append(f"Missing labels were not looked for: {error}.")
        return None
    learnt = np.bincount(sample.positives.indices, minlength=len(train.labels))
    return UnseenScores(rows[found.rows], found.topk, learnt)


def _given(parts: Mapping[str, Any]) -> dict[str, Corpus]:
    """The parts that there are.

    Raises:
        InputError: one has no documents or is no corpus of texts.
    """
    given = {name: corpus for name, corpus in parts.items() if corpus is not None}
    for name, corpus in given.items():
        if not isinstance(corpus, Corpus):
            raise InputError(f"{name}: expected a Corpus of texts, got {type(corpus).__name__}")
        if len(corpus) == 0:
            raise InputError(f"{name} has no documents", path=corpus.source)
    return given
