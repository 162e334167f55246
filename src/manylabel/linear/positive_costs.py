"""How much more a missed label weighs than a false one, found by cross-validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Stages
from manylabel.linear.one_vs_rest import OneVsRest, fit_one_vs_rest
from manylabel.linear.solver_options import SolverOptions

_CELLS_AT_ONCE = 1 << 24


def search_positive_costs(
    features: csr_matrix,
    positives: csr_matrix,
    solver: SolverOptions,
    fold_of: np.ndarray,
    values: Sequence[float],
    *,
    by_label: bool,
    seed: int,
    stages: Stages,
    progress: Progress = SILENT,
) -> np.ndarray:
    """The factor on the cost of positives with the best F1 on documents that were left out of the training.

    Sources: Parambath, Usunier and Grandvalet 2014 (F-measures by cost-sensitive classification); the values and the
    choice by label or for all labels as in LibMultiLabel's ``cost_sensitive`` and ``cost_sensitive_micro``.

    Args:
        features: float32 CSR ``[n, d]``.
        positives: CSR ``[n, L]``.
        solver: options of the classifiers; a label is assigned from a margin of 0 on.
        fold_of: int64 ``[n]``, the fold of each document.
        values: what is tried; of equally good ones the first is taken.
        by_label: a factor for each label by its own F1; else one for all by micro-F1.
        seed: of the solver.
        stages: where the counts of finished trainings are kept.
        progress: counts trainings.

    Returns:
        float32 ``[L]``.
    """
    folds = int(fold_of.max()) + 1
    found = np.zeros((len(values), positives.shape[1]), np.int64)
    assigned = np.zeros_like(found)
    with progress.task("costs", len(values) * folds) as advance:
        for i, value in enumerate(values):
            for fold in range(folds):
                counts = stages.run(
                    f"{i}-{fold}",
                    lambda value=value, fold=fold: _tried(features, positives, solver, fold_of == fold, value, seed),
                )
                found[i] += counts["found"]
                assigned[i] += counts["assigned"]
                advance(1)
    true = np.bincount(positives.indices, minlength=positives.shape[1])
    if by_label:
        f1 = 2 * found / np.maximum(assigned + true, 1)
        return np.asarray(values, np.float32)[np.argmax(f1, axis=0)]
    micro = 2 * found.sum(axis=1) / np.maximum(assigned.sum(axis=1) + true.sum(), 1)
    return np.full(positives.shape[1], values[int(np.argmax(micro))], np.float32)


def _tried(
    features: csr_matrix, positives: csr_matrix, solver: SolverOptions, left_out: np.ndarray, value: float, seed: int
) -> dict[str, np.ndarray]:
    """Correct and all assignments of each label, int64 ``[L]``, on the documents that were left out."""
    known, asked = np.flatnonzero(~left_out), np.flatnonzero(left_out)
    costs = np.full(positives.shape[1], value, np.float32)
    classifiers = fit_one_vs_rest(features[known], positives[known], solver, seed=seed, positive_costs=costs)
    return _counts(classifiers, features[asked], positives[asked])


def _counts(classifiers: OneVsRest, features: csr_matrix, positives: csr_matrix) -> dict[str, np.ndarray]:
    n_labels = positives.shape[1]
    found, assigned = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
    step = max(1, _CELLS_AT_ONCE // max(n_labels, 1))
    for start in range(0, features.shape[0], step):
        chosen = classifiers.margins(features[start : start + step]) > 0
        assigned += chosen.sum(axis=0)
        true = positives[start : start + step]
        rows = np.repeat(np.arange(true.shape[0]), np.diff(true.indptr))
        found += np.bincount(true.indices, weights=chosen[rows, true.indices], minlength=n_labels).astype(np.int64)
    return {"found": found, "assigned": assigned}
