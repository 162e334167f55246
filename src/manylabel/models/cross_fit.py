"""Scores of training documents from models that did not learn from these documents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.combine.folds import assign_folds
from manylabel.core.config import Section
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Arrays, Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models import MODELS
from manylabel.models.base import Model

_BATCH = 8192


@dataclass(frozen=True)
class OutOfFold:
    """What models say of documents that they did not learn from.

    Attributes:
        rows: int64 ``[m]``, the documents asked about, ascending.
        topk: scores ``[m, k]`` over the corpus's label space.
        folds: number of models that were trained.
    """

    rows: np.ndarray
    topk: TopK
    folds: int


def out_of_fold(
    config: Section,
    corpus: Corpus | FeatureCorpus,
    *,
    folds: int = 3,
    k: int = 100,
    seed: int = 0,
    wanted: int | None = None,
    stages: Stages | None = None,
    progress: Progress = SILENT,
) -> OutOfFold:
    """Train a model on all folds but one, ask it about that one, and so for each fold (cross-fitting).

    Documents with equal texts lie in one fold. A label whose documents all lie in one fold is unknown to the model that
    is asked about it, as in life.

    Args:
        config: section of the model to train, e.g. that of a finished run.
        corpus: documents and labels.
        folds: number of folds, at least 2.
        k: labels asked for each document.
        seed: of the folds.
        wanted: ask about this many documents only; folds that are not needed for it are not trained.
        stages: where the answers of finished folds are kept.
        progress: where long work reports.

    Raises:
        InputError: fewer documents with labels than folds.
    """
    kept = stages or Stages()
    texts = corpus.texts if isinstance(corpus, Corpus) else None
    fold_of = assign_folds(corpus.positives, folds, seed=seed, texts=texts)
    labelled = np.diff(corpus.positives.indptr) > 0
    if folds < 2 or len(np.unique(fold_of[labelled])) < folds:
        raise InputError(
            f"{int(labelled.sum())} different documents with labels are too few for {folds} folds", path=corpus.source
        )
    chance = np.random.default_rng(seed)
    asked, parts = [], []
    for fold in range(folds):
        rows = np.flatnonzero(fold_of == fold)
        if wanted is not None:
            rows = np.sort(chance.permutation(rows)[: wanted - sum(map(len, asked))])
        if len(rows) == 0:
            continue

        def ask(fold: int = fold, rows: np.ndarray = rows) -> Arrays:
            progress.note(f"fold {fold + 1} of {folds}")
            model: Model = MODELS.load(config.kind)(config)  # type: ignore[attr-defined]
            model.fit(
                corpus.select(np.flatnonzero(fold_of != fold)), stages=kept.within(f"fold{fold}"), progress=progress
            )
            topk = _predict(model, corpus.select(rows), k)
            return {"indices": topk.indices, "scores": topk.scores, "kind": np.frombuffer(topk.kind.encode(), np.uint8)}

        answer = kept.run(f"fold{fold}-answers", ask)
        kind = bytes(answer["kind"]).decode()
        parts.append(TopK(answer["indices"], answer["scores"], kind, corpus.labels))  # type: ignore[arg-type]
        asked.append(rows)
    order = np.argsort(np.concatenate(asked), kind="stable")
    return OutOfFold(np.concatenate(asked)[order], TopK.concatenate(parts)[order], len(parts))


def _predict(model: Model, corpus: Corpus | FeatureCorpus, k: int) -> TopK:
    inputs = corpus.texts if isinstance(corpus, Corpus) else corpus.features
    return TopK.concatenate(
        [model.predict(inputs[start : start + _BATCH], k) for start in range(0, len(corpus), _BATCH)]
    )
