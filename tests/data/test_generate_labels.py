import numpy as np
import pytest

from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.generate_label_sets import draw_label_sets
from manylabel.data.generate_labels import grow_forest


@pytest.mark.parametrize(("labels", "children"), [(1, 2), (2, 2), (7, 2), (1000, 10), (1234, 3), (5, 100)])
def test_a_forest(labels, children):
    forest = grow_forest(labels, children, 1.0, seed=3)
    position = np.arange(labels)
    assert (forest.parents < position).all()  # so there is no circle
    assert (forest.parents == -1).sum() == min(children, labels)
    inner = forest.parents[forest.parents >= 0]
    assert len(inner) == 0 or np.bincount(inner).max() <= children


@pytest.mark.parametrize("exponent", [0.0, 0.8, 1.0, 1.5])
def test_chances_follow_zipf(exponent):
    chances = np.sort(grow_forest(500, 10, exponent, seed=1).chances)[::-1]
    assert chances.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(chances, chances[0] * np.arange(1.0, 501.0) ** -exponent, rtol=1e-9)


@pytest.mark.parametrize(("labels", "children"), [(200, 3), (1000, 10), (1500, 10), (8, 10), (111, 10)])
def test_families_are_siblings_some_with_their_parent(labels, children):
    forest = grow_forest(labels, children, 1.0, seed=0)
    assert sorted(forest.order) == list(range(labels))
    with_parent = 0
    sizes = np.diff(forest.family_starts)
    for family, size in enumerate(sizes):
        members = forest.order[forest.family_starts[family] :][:size]
        assert (forest.family[members] == family).all()
        heads = set(members) & set(forest.parents[members])
        with_parent += len(heads)
        parents = {forest.parents[member] for member in members if member not in heads}
        assert len(heads) <= 1
        assert len(parents) == 1
        assert heads <= parents
    assert with_parent > 0 or labels <= children
    assert (sizes == 1).sum() <= 1  # the last set of siblings may be a single one


def test_drawing_follows_the_chances_also_within_families():
    forest = grow_forest(40, 3, 1.0, seed=0)
    generator = np.random.default_rng(0)
    n = 200_000
    drawn = forest.draw(generator.random(n))
    relatives = forest.draw_relatives(drawn, generator.random(n))
    assert (forest.family[drawn] == forest.family[relatives]).all()
    for labels in (drawn, relatives):
        error = np.abs(np.bincount(labels, minlength=40) / n - forest.chances)
        assert (error < 5 * np.sqrt(forest.chances / n)).all()


def test_the_ends_of_the_axis():
    forest = grow_forest(50, 4, 1.0, seed=0)
    ends = np.array([0.0, np.nextafter(1.0, 0.0)])
    assert list(forest.draw(ends)) == [forest.order[0], forest.order[-1]]
    for label in range(50):
        for end in ends:
            (relative,) = forest.draw_relatives(np.array([label]), np.array([end]))
            assert forest.family[relative] == forest.family[label]


@pytest.mark.parametrize("distribution", ["poisson", "geometric", "constant"])
@pytest.mark.parametrize("mean", [1.0, 2.6, 5.0])
def test_label_sets(distribution, mean):
    config = GeneratorConfig(labels=300, labels_per_document=mean, labels_distribution=distribution)
    sets = draw_label_sets(config, grow_forest(300, 10, 1.0, seed=0), 20_000, np.random.default_rng(0))
    counts = np.diff(sets.indptr)
    assert counts.min() == 1 if distribution != "constant" else counts.min() == int(mean)
    assert counts.mean() == pytest.approx(mean, rel=0.03)
    within = np.ones(len(sets.labels), dtype=bool)
    within[sets.indptr[:-1]] = False
    assert (np.diff(sets.labels, prepend=-1)[within] > 0).all()  # distinct and ascending
    assert sets.labels.min() >= 0
    assert sets.labels.max() < 300


def test_documents_may_have_half_of_few_labels():
    config = GeneratorConfig(labels=6, labels_per_document=3.0, labels_distribution="geometric", zipf=3.0)
    sets = draw_label_sets(config, grow_forest(6, 2, 3.0, seed=0), 5_000, np.random.default_rng(0))
    assert np.diff(sets.indptr).max() == 6
    rows = np.repeat(np.arange(5_000), np.diff(sets.indptr))
    assert len(np.unique(rows * 6 + sets.labels)) == len(rows)


def co_occurrence(config):
    """Share of pairs of labels of a document that are of one family."""
    forest = grow_forest(config.labels, config.children, config.zipf, config.seed)
    sets = draw_label_sets(config, forest, 20_000, np.random.default_rng(5))
    families = forest.family[sets.labels].reshape(20_000, 2)
    return (families[:, 0] == families[:, 1]).mean()


def test_labels_occur_together_above_chance():
    alone, together = (
        co_occurrence(
            GeneratorConfig(
                labels=500, labels_per_document=2, labels_distribution="constant", zipf=0.5, co_occurrence=share
            )
        )
        for share in (0.0, 0.5)
    )
    assert alone < 0.1
    assert together > alone + 0.4
