"""What holds of every ranker."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.combine import RANKERS
from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged
from manylabel.core.run_directory import RunDirectory, write_run

every_ranker = pytest.mark.parametrize("kind", list(RANKERS))
every_learner = pytest.mark.parametrize("kind", [kind for kind in RANKERS if kind != "reciprocal"])
SMALL = {kind: {"leaf_candidates": 5, "wrong": 1.0} for kind in ("combined", "boosted", "listwise")}


def judged(documents=300, width=8, *, seed=0):
    """Candidates whose chance of being right grows with two features; the third is noise and often missing."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, width + 1, documents)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    features = rng.random((indptr[-1], 3)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(6 * features[:, 0] + 6 * features[:, 1] - 7)))
    features[rng.random(features.shape) < [0.0, 0.1, 0.5]] = np.nan
    labels = np.concatenate([np.arange(length) for length in lengths]).astype(np.int32)
    right = rng.random(indptr[-1]) < chance
    names = ("tree.score", "memory.score", "label.words")
    found = np.ones((indptr[-1], 1), bool)
    candidates = Candidates(indptr.astype(np.int64), labels, features, names, found)
    rows = candidates.rows[right]
    truth = csr_matrix((np.ones(len(rows), bool), (rows, labels[right])), shape=(documents, width))
    return Judged(candidates, right, truth), chance


def fit(kind, *, seed=0, weights=None):
    training, _ = judged()
    training = Judged(training.candidates, training.right, training.truth, weights)
    return RANKERS.load(kind)(RANKERS.section(kind).parse(SMALL.get(kind, {}))).fit(
        training, judged(seed=1)[0], seed=seed
    )


@every_learner
def test_learns_what_is_right(kind):
    fresh, chance = judged(seed=2)
    scores = fit(kind).score(fresh.candidates)
    assert scores.dtype == np.float32
    assert np.corrcoef(scores, chance)[0, 1] > 0.85
    if fit(kind).probabilistic:
        assert np.abs(scores - chance).mean() < 0.12
        assert abs(scores.mean() - fresh.right.mean()) < 0.04


@every_ranker
def test_a_ranker_that_was_saved_is_the_same(kind, tmp_path):
    ranker, fresh = fit(kind), judged(seed=2)[0].candidates
    with write_run(tmp_path / "run") as writer:
        ranker.write(writer)
    again = RANKERS.load(kind)(ranker.config)
    again.restore(RunDirectory.open(tmp_path / "run"), 3)
    assert again.score(fresh).tobytes() == ranker.score(fresh).tobytes()


@every_ranker
def test_the_same_seed_gives_the_same_bits(kind):
    fresh = judged(seed=2)[0].candidates
    assert fit(kind).score(fresh).tobytes() == fit(kind).score(fresh).tobytes()


@every_ranker
def test_each_candidate_is_scored_on_its_own(kind):
    ranker, fresh = fit(kind), judged(seed=2)[0].candidates
    alone = np.concatenate([ranker.score(fresh.select(np.array([row]))) for row in range(20)])
    np.testing.assert_allclose(alone, ranker.score(fresh.select(np.arange(20))), rtol=1e-6)
    assert len(ranker.score(fresh.select(np.zeros(0, int)))) == 0


@every_learner
def test_weights_move_the_scores(kind):
    training, fresh = judged()[0], judged(seed=2)[0].candidates
    weights = np.where(training.candidates.features[:, 0] > 0.5, 10, 0.1).astype(np.float32)
    assert np.abs(fit(kind, weights=weights).score(fresh) - fit(kind).score(fresh)).max() > 0.01


@every_learner
def test_what_it_found(kind):
    facts = fit(kind).facts
    ranked = facts.get("importance") or facts.get("weights")
    assert set(ranked) == {"tree.score", "memory.score", "label.words"}
    assert list(ranked)[-1] == "label.words"


@pytest.mark.parametrize("kind", ["combined", "boosted", "listwise"])
def test_damaged_trees_are_refused(kind, tmp_path):
    ranker = fit(kind)
    with write_run(tmp_path / "run") as writer:
        ranker.write(writer)
    with pytest.raises(ValueError, match="do not fit together"):
        RANKERS.load(kind)(ranker.config).restore(RunDirectory.open(tmp_path / "run"), 1)


def test_the_combined_ranker_has_the_order_of_one_and_the_probabilities_of_the_other():
    fresh = judged(seed=2)[0].candidates
    section = RANKERS.section("combined").parse({"leaf_candidates": 5, "order_weight": 1e6})
    combined = RANKERS.load("combined")(section).fit(judged()[0], judged(seed=1)[0], seed=0).score(fresh)
    plain = {"leaf_candidates": 5}
    order, chances = (
        RANKERS.load(kind)(RANKERS.section(kind).parse(plain)).fit(judged()[0], judged(seed=1)[0], seed=0).score(fresh)
        for kind in ("listwise", "boosted")
    )
    for begin, end in zip(fresh.indptr[:-1], fresh.indptr[1:], strict=True):
        assert sorted(combined[begin:end]) == sorted(chances[begin:end])
        falling = np.argsort(-combined[begin:end], kind="stable")
        assert (np.diff(order[begin:end][falling]) <= 1e-5).all() or len(set(chances[begin:end])) < end - begin


def test_reciprocal_ranks_are_summed_over_sources():
    features = np.array([[0, 2, 9.0], [1, np.nan, 9.0], [np.nan, np.nan, 9.0]], np.float32)
    names = ("tree.rank", "memory.rank", "label.words")
    candidates = Candidates(np.array([0, 3]), np.arange(3, dtype=np.int32), features, names, np.ones((3, 2), bool))
    ranker = RANKERS.load("reciprocal")(RANKERS.section("reciprocal").parse({"smoothing": 9}))
    np.testing.assert_allclose(ranker.score(candidates), [1 / 10 + 1 / 12, 1 / 11, 0], rtol=1e-6)


def test_leaving_out_wrong_candidates_keeps_the_probabilities():
    training, fresh = judged(2000, seed=3)[0], judged(2000, seed=4)
    held_out = judged(500, seed=5)[0]
    section = RANKERS.section("boosted")
    for wrong in (1.0, 0.3):
        ranker = RANKERS.load("boosted")(section.parse({"wrong": wrong, "leaves": 7})).fit(training, held_out, seed=0)
        assert abs(ranker.score(fresh[0].candidates).mean() - fresh[0].right.mean()) < 0.03
