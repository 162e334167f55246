"""Score a top-k file with manylabel's own evaluator: the same code for every arm."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import ScoreKind, TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings

METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "micro-F1", "macro-F1", "macro-F1-supported")


def score(features: Path, topk_file: Path, kind: ScoreKind) -> dict[str, float]:
    """The metrics of one run as fractions, keyed by their names.

    Args:
        features: folder of features with the truth, as ``features.py`` makes it.
        topk_file: ``topk.npz`` of a runner.
        kind: what the scores are; labels with a probability of at least 0.5, or a margin above 0, count as assigned.
    """
    model, test, positives = _truth(features)
    with np.load(topk_file) as arrays:
        topk = TopK(arrays["indices"], arrays["scores"], kind, model)
    evaluator = Evaluator(model, Settings(metrics=METRICS, groups=False, n_bootstrap=0), test_labels=test)
    evaluator.update(topk, positives)
    return {name: float(value) for name, value in evaluator.result().values.items()}


@cache
def _truth(features: Path) -> tuple[LabelSpace, LabelSpace, sp.csr_matrix]:
    """Labels of training with their counts, labels of training and test, and the truth of the test part."""
    names = json.loads((features / "labels.json").read_text(encoding="utf-8"))
    trained = sp.load_npz(features / "Y.train.npz")
    positives = sp.load_npz(features / "Y.test.npz").astype(bool)
    return LabelSpace(names[: trained.shape[1]]).with_counts(trained), LabelSpace(names), positives
