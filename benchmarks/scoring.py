"""Score a top-k file with manylabel's own evaluator: the same code for every arm."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import ScoreKind, TopK
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings

METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "micro-F1", "macro-F1", "macro-F1-supported")


def score(features: Path, topk_file: Path, kind: ScoreKind, columns: int) -> dict[str, float]:
    """The metrics of one run as fractions, keyed by their names; arguments as for :func:`evaluation`."""
    settings = Settings(metrics=METRICS, groups=False, n_bootstrap=0)
    return {
        name: float(value) for name, value in evaluation(features, topk_file, kind, columns, settings).values.items()
    }


def evaluation(features: Path, topk_file: Path, kind: ScoreKind, columns: int, settings: Settings) -> Evaluation:
    """Evaluate one run.

    Args:
        features: folder of features with the truth, as ``features.py`` makes it.
        topk_file: ``topk.npz`` of a runner.
        kind: what the scores are; labels with a probability of at least 0.5, or a margin above 0, count as assigned.
        columns: how many columns the indices may name: the labels of training, and for models that start from a label
            file those of the test part only and those in neither. A predicted label that is in neither takes its place
            in the list and is wrong. It is in no macro average, which run over labels in training or test.
        settings: of the evaluation.
    """
    model, test, positives = _truth(features, columns)
    with np.load(topk_file) as arrays:
        topk = TopK(arrays["indices"], arrays["scores"], kind, model)
    return Evaluator(model, settings, test_labels=test).update(topk, positives).result()


def right_of(features: Path, topk_file: Path) -> tuple[np.ndarray, np.ndarray]:
    """The scores of all labels returned for documents that have a label, and whether each is right; float32, bool."""
    positives = _truth(features, 0)[2]
    with np.load(topk_file) as arrays:
        indices, scores = arrays["indices"], arrays["scores"]
    width = max(int(indices.max(initial=0)) + 1, positives.shape[1])
    rows = np.repeat(np.arange(positives.shape[0], dtype=np.int64), np.diff(positives.indptr))
    cells = np.arange(len(indices), dtype=np.int64)[:, None] * width + indices
    listed = (indices >= 0) & (np.diff(positives.indptr) > 0)[:, None]
    return scores[listed], np.isin(cells[listed], rows * width + positives.indices)


@cache
def _truth(features: Path, columns: int) -> tuple[LabelSpace, LabelSpace, sp.csr_matrix]:
    """Labels of the predictions with their counts, labels of training and test, and the truth of the test part."""
    names = json.loads((features / "labels.json").read_text(encoding="utf-8"))
    trained = sp.load_npz(features / "Y.train.npz")
    positives = sp.load_npz(features / "Y.test.npz").astype(bool)
    columns = max(columns, trained.shape[1])
    more = [f"{number} of the label file only" for number in range(columns - len(names))]
    wide = sp.csr_matrix((trained.data, trained.indices, trained.indptr), shape=(trained.shape[0], columns))
    return LabelSpace([*names, *more][:columns]).with_counts(wide), LabelSpace(names), positives
