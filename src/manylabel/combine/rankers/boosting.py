"""Gradient-boosted trees, trained by LightGBM and kept as arrays."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.boosted_config import BoostingOptions
from manylabel.combine.rankers.forest import Forest
from manylabel.core.capacity import n_threads
from manylabel.core.run_directory import RunDirectory, RunWriter

_FILE = "ranker.safetensors"
_SEED_LIMIT = 2**31 - 1
_HIGH = 10  # rank by a source, from 0, below which a wrong candidate is always learned from
_ENOUGH = 50_000  # candidates from which on a second thread makes training faster


class TreeRanker(Ranker):
    """What rankers of boosted trees share: all but what they are trained for."""

    def __init__(self, config: BoostingOptions) -> None:
        self.config = config
        self._trees: Forest | None = None
        self._facts: dict[str, Any] = {}

    def score(self, candidates: Candidates) -> np.ndarray:
        """Sums of leaves; see :meth:`Ranker.score`."""
        assert self._trees is not None
        return self._trees.score(candidates.features).astype(np.float32)

    @property
    def facts(self) -> dict[str, Any]:
        """Rounds and importance; see :attr:`Ranker.facts`."""
        return self._facts

    def write(self, writer: RunWriter) -> None:
        """Write the trees; see :meth:`Ranker.write`."""
        assert self._trees is not None
        writer.arrays(_FILE, self._trees.to_arrays())

    def restore(self, run: RunDirectory, n_features: int) -> None:
        """Read the trees; see :meth:`Ranker.restore`."""
        self._trees = Forest.from_arrays(run.read_arrays(_FILE))
        self._trees.validate(n_features)

    def _keep(self, booster: lightgbm.Booster, names: tuple[str, ...]) -> None:
        rounds = booster.best_iteration
        self._trees = Forest.from_dump(booster.dump_model(num_iteration=rounds)["tree_info"])
        self._facts = {"rounds": rounds, "importance": _importances(booster, names)}


def train_trees(
    training: Judged,
    held_out: Judged,
    options: BoostingOptions,
    objective: dict[str, Any],
    *,
    seed: int,
) -> lightgbm.Booster:
    """Boosted trees, cut where the held-out documents stop gaining.

    Args:
        training: what they learn from.
        held_out: what decides on their number.
        options: their size.
        objective: LightGBM's parameters of objective and metric.
        seed: of what is drawn.
    """
    parameters = {
        **objective,
        "num_leaves": options.leaves,
        "max_depth": options.depth,
        "learning_rate": options.learning_rate,
        "min_data_in_leaf": options.leaf_candidates,
        "max_bin": options.bins,
        "num_threads": n_threads() if len(training.right) > _ENOUGH else 1,
        "seed": seed % _SEED_LIMIT,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    ranks = objective["objective"] == "lambdarank"
    thinned, weights = _thin(training, options.wrong, seed, ranks=ranks)
    first = _dataset(training, thinned, weights, options.bins, ranks=ranks)
    everything = np.arange(len(held_out.right))
    second = _dataset(held_out, everything, held_out.weights, options.bins, ranks=ranks, reference=first)
    stopping = lightgbm.early_stopping(options.patience, verbose=False)
    return lightgbm.train(parameters, first, options.rounds, valid_sets=[second], callbacks=[stopping])


def _thin(judged: Judged, wrong: float, seed: int, *, ranks: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions of the candidates that are learned from, and the weight of each.

    All right ones, the wrong ones that some source ranks high, and a share of the other wrong ones.
    """
    n, candidates = len(judged.right), judged.candidates
    columns = [i for i, name in enumerate(candidates.names) if name.endswith(".rank")]
    always = judged.right | (candidates.features[:, columns] < _HIGH).any(axis=1)
    kept = np.flatnonzero(always | (np.random.default_rng(seed).random(n) < wrong))
    own = None if judged.weights is None else judged.weights[kept]
    if ranks:  # a pair is a pair, however many there are
        return kept, own
    weights = np.where(always[kept], 1.0, 1.0 / wrong).astype(np.float32)
    return kept, weights if own is None else weights * own


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Probabilities of raw scores of the log loss, float32."""
    return (1.0 / (1.0 + np.exp(-scores))).astype(np.float32)


def _importances(booster: lightgbm.Booster, names: tuple[str, ...]) -> dict[str, float]:
    """Share of the total gain that each feature has, the largest first."""
    gains = booster.feature_importance("gain", iteration=booster.best_iteration).astype(float)
    total = gains.sum() or 1.0
    return {names[i]: round(float(gains[i] / total), 4) for i in np.argsort(-gains, kind="stable").tolist()}


def _dataset(
    judged: Judged,
    taken: np.ndarray,
    weights: np.ndarray | None,
    bins: int,
    *,
    ranks: bool,
    reference: lightgbm.Dataset | None = None,
) -> lightgbm.Dataset:
    lengths = np.bincount(judged.candidates.rows[taken], minlength=len(judged.candidates))
    return lightgbm.Dataset(
        judged.candidates.features[taken],
        label=judged.right[taken].astype(np.float32),
        weight=weights,
        group=lengths[lengths > 0] if ranks else None,
        reference=reference,
        params={"verbosity": -1, "max_bin": bins},
    )
