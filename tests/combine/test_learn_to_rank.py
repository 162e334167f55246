"""From judged candidates to probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.combine import RANKERS
from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged
from manylabel.combine.ranking import hold_out, learn_to_rank


def judged(documents=400, width=6, *, seed=0):
    """Candidates whose chance of being right grows with a score, alike for rare and frequent labels."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(width, dtype=np.int32), documents)
    score = rng.random(len(labels)).astype(np.float32)
    propensity = np.where(labels < width // 2, 0.1, 0.9).astype(np.float32)
    right = rng.random(len(labels)) < 0.6 * score
    indptr = np.arange(documents + 1, dtype=np.int64) * width
    names, found = ("tree.score", "label.propensity"), np.ones((len(labels), 1), bool)
    candidates = Candidates(indptr, labels, np.column_stack([score, propensity]), names, found)
    return Judged(candidates, right, csr_matrix(right.reshape(documents, width)))


def learned(kind, *, rare_weight=0.0):
    options = {"leaf_candidates": 20} if kind != "logistic" else {}
    section = RANKERS.section(kind).parse(options)
    return learn_to_rank(*hold_out(judged(), 0.2, seed=0), section, rare_weight=rare_weight, seed=0)


def test_candidates_are_compared_with_the_truth():
    whole = judged()
    wide = csr_matrix((whole.truth.data, whole.truth.indices, whole.truth.indptr), shape=(400, 50))
    assert np.array_equal(Judged.of(whole.candidates, wide).right, whole.right)
    assert not Judged.of(whole.candidates, csr_matrix((400, 50), dtype=bool)).right.any()


def test_every_document_is_either_learned_from_or_held_out():
    whole = judged()
    training, held_out = hold_out(whole, 0.25, seed=3)
    assert (len(training.candidates), len(held_out.candidates)) == (300, 100)
    both = np.concatenate([part.candidates.features[:, 0] for part in (training, held_out)])
    assert np.array_equal(np.sort(both), np.sort(whole.candidates.features[:, 0]))
    assert len(hold_out(whole, 1e-6, seed=3)[1].candidates) == 1


@pytest.mark.parametrize(("kind", "rare_weight"), [("logistic", 0.0), ("logistic", 1.0), ("listwise", 0.0)])
def test_scores_are_probabilities_however_the_ranker_was_fitted(kind, rare_weight):
    ranking, fresh = learned(kind, rare_weight=rare_weight), judged(seed=1)
    scores = ranking.score(fresh.candidates)
    assert scores.dtype == np.float32
    assert 0 <= scores.min() <= scores.max() <= 1
    assert abs(scores.mean() - fresh.right.mean()) < 0.04
    assert ranking.facts["calibration_error"] < 0.06


def test_rare_labels_rank_higher_with_a_weight():
    fresh = judged(seed=1).candidates
    same = replace(fresh, features=np.column_stack([np.full(len(fresh.labels), 0.5), fresh.features[:, 1]]))
    rare = same.features[:, 1] < 0.5
    gaps = []
    for power in (0.0, 1.0):
        scores = learned("logistic", rare_weight=power).ranker.score(same)
        gaps.append(scores[rare].mean() - scores[~rare].mean())
    assert gaps[1] > gaps[0] + 0.1
