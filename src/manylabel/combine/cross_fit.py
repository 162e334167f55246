"""Candidates of training documents from sources that did not learn from these documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.candidates import Candidates, feature_names, gather
from manylabel.combine.folds import assign_folds
from manylabel.combine.label_facts import LabelFacts
from manylabel.combine.ranker import Judged
from manylabel.combine.source import Documents, Query, Source
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Stages

NewSources = Callable[[], dict[str, Source]]


def prepare(
    sources: Mapping[str, Source], documents: Documents, *, stages: Stages, progress: Progress = SILENT
) -> Documents:
    """Let every source do what is done once for all training documents; see :meth:`Source.prepare`."""
    for name, source in sources.items():
        documents = source.prepare(documents, stages=stages.within(name), progress=progress)
    return documents


def fit_sources(
    sources: dict[str, Source],
    documents: Documents,
    positives: csr_matrix,
    labels: LabelSpace,
    *,
    stages: Stages,
    progress: Progress = SILENT,
) -> dict[str, Source]:
    """Let every source learn from the same documents; arguments as for :meth:`Source.fit`."""
    for name, source in sources.items():
        source.fit(documents, positives, labels, stages=stages.within(name), progress=progress)
    return sources


def judge(
    new_sources: NewSources,
    documents: Documents,
    positives: csr_matrix,
    labels: LabelSpace,
    *,
    folds: int,
    wanted: int,
    seed: int,
    stages: Stages,
    progress: Progress = SILENT,
) -> Judged:
    """Ask sources about documents that they did not learn from, and compare with the truth.

    A fold is asked by sources that learned from all other folds. Folds are taken until there are as many documents as
    wanted; the others are not trained. What belongs to a label (its number of documents above all) is counted over the
    other folds as well: a candidate looks as it will to the finished model, which has not seen the document either.

    Args:
        new_sources: makes sources that have learned nothing.
        documents: n of them.
        positives: bool CSR ``[n, L]``.
        labels: the label space.
        folds: number of folds.
        wanted: documents with labels to ask about.
        seed: of the folds.
        stages: where the candidates of finished folds are kept.
        progress: where long work reports.

    Raises:
        InputError: fewer than two documents with labels.
    """
    labelled = np.diff(positives.indptr) > 0
    fold_of = assign_folds(positives, folds, seed=seed, texts=documents.texts)
    if len(np.unique(fold_of[labelled])) < 2:
        raise InputError("a fused model needs at least two different documents with labels")
    names = feature_names(new_sources())
    parts, asked = [], []
    chance = np.random.default_rng(seed)
    for fold in range(folds):
        rows = np.flatnonzero((fold_of == fold) & labelled)
        rows = np.sort(chance.permutation(rows)[: wanted - sum(map(len, asked))])
        if len(rows) == 0:
            continue

        def ask(fold: int = fold, rows: np.ndarray = rows) -> Mapping[str, np.ndarray]:
            others = np.flatnonzero(fold_of != fold)
            taught = positives[others]
            within = stages.within(f"fold{fold}")
            known = documents.select(others)
            sources = fit_sources(new_sources(), known, taught, labels, stages=within, progress=progress)
            query = Query(documents.select(rows), training=True)
            return gather(sources, query, LabelFacts.of(labels, taught)).to_arrays()

        parts.append(Candidates.from_arrays(stages.run(f"fold{fold}", ask), names))
        asked.append(rows)
    return Judged.of(Candidates.concatenate(parts), positives[np.concatenate(asked)])
