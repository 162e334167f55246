"""The search along a graph against looking at all rows."""

import sys

import numpy as np
import pytest
from pydantic import ValidationError

from manylabel.combine.nearest_approximate import NearestApproximate, share_found
from manylabel.combine.nearest_approximate_config import ApproximateConfig
from manylabel.combine.nearest_dense import NearestDense
from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import ConfigError, MissingExtraError

THOROUGH = ApproximateConfig()
POOR = ApproximateConfig(links=2, ef_construction=1, ef_search=1)


def rows(n, d=16, *, seed=0):
    """Vectors of all lengths, some of them equal."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d)) * rng.uniform(0.5, 2, (n, 1))
    vectors[rng.random(n) < 0.05] = vectors[:1]
    return vectors.astype(np.float32)


@pytest.fixture(scope="module")
def index():
    pytest.importorskip("faiss")
    return NearestApproximate.build(rows(400), THOROUGH)


def same(one, other):
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_few_rows_are_found_as_by_looking_at_all(index):
    queries = rows(30, seed=1)
    assert index.recall(queries, 20) == 1.0
    assert same(index.find(queries, 20), NearestDense.build(rows(400)).find(queries, 20, above=-np.inf))


def test_products_of_any_sign_and_lists_that_are_not_filled(index):
    few = NearestApproximate.build(np.array([[1, 0], [-1, 0], [0, 1]], np.float32), THOROUGH)
    found, products = few.find(np.array([[1, 0.5]], np.float32), 5)
    assert found.tolist() == [[0, 2, 1, -1, -1]]
    assert products.tolist() == [[1, 0.5, -1, -np.inf, -np.inf]]
    assert few.recall(np.array([[1, 0.5]], np.float32), 5) == 1.0
    assert [part.shape for part in index.find(rows(0), 3)] == [(0, 3), (0, 3)]
    assert index.recall(rows(0), 3) == 1.0


def test_no_rows():
    pytest.importorskip("faiss")
    nothing = NearestApproximate.build(rows(0), THOROUGH)
    assert nothing.find(rows(2), 3)[0].tolist() == [[-1] * 3] * 2
    assert nothing.recall(rows(2), 3) == 1.0
    assert nothing.with_rows(rows(9)).find(rows(9)[3:4], 1)[0].shape == (1, 1)


def test_a_query_alone_is_answered_as_in_company(index):
    queries = rows(20, seed=2)
    together = index.find(queries, 10)
    for row in range(20):
        assert same(index.find(queries[row : row + 1], 10), [part[row : row + 1] for part in together])


def test_recall_is_the_share_of_the_best_rows_that_are_found():
    pytest.importorskip("faiss")
    many, queries = rows(5000, 32), rows(40, 32, seed=3)
    many += np.random.default_rng(4).normal(size=many.shape).astype(np.float32) * 0.01  # no two are equal
    poor, thorough = NearestApproximate.build(many, POOR), NearestApproximate.build(many, THOROUGH)
    best = np.argsort(-(queries @ many.T), axis=1)[:, :10]
    found = [np.isin(one, other).mean() for one, other in zip(best, poor.find(queries, 10)[0], strict=True)]
    assert poor.recall(queries, 10) == pytest.approx(np.mean(found))
    assert 0 < poor.recall(queries, 10) < 0.8 < thorough.recall(queries, 10)


def test_which_of_equal_rows_is_found_is_all_one():
    best = np.array([[0.9, 0.5, 0.5], [0.3, 0.2, -np.inf], [-np.inf] * 3], np.float32)
    assert share_found(best, best) == 1.0
    assert share_found(np.array([[0.9, 0.5, 0.4], [0.3, -np.inf, -np.inf], [-np.inf] * 3], np.float32), best) == 0.6


def test_rows_added_later_are_found(index):
    more, queries = rows(50, seed=5), rows(20, seed=6)
    longer = index.with_rows(more)
    assert (longer.n_rows, index.n_rows, index.graph.ntotal) == (450, 400, 400)
    assert same(longer.find(queries, 15), NearestDense.build(longer.exact.rows).find(queries, 15, above=-np.inf))
    assert longer.find(queries, 15)[0].max() >= 400


def test_arrays_are_the_graph_without_the_rows(index, tmp_path):
    save_arrays(tmp_path / "index.safetensors", index.to_arrays())
    arrays, queries = load_arrays(tmp_path / "index.safetensors"), rows(20, seed=7)
    again = NearestApproximate.from_arrays(arrays, rows(400))
    assert same(again.find(queries, 12), index.find(queries, 12))
    wide = NearestApproximate.build(rows(400, 256), THOROUGH)
    assert abs(len(wide.to_arrays()["graph"]) - len(arrays["graph"])) < 10_000  # which 256 numbers a row would not be


@pytest.mark.parametrize("other", [rows(400, seed=9), rows(399), rows(400).reshape(800, 8), rows(400)[::-1].copy()])
def test_a_graph_over_other_rows_is_refused(index, other):
    with pytest.raises(ValueError, match="the index was built over other vectors"):
        NearestApproximate.from_arrays(index.to_arrays(), other)


def test_a_damaged_graph_is_refused(index):
    arrays = index.to_arrays()
    graph, out_of_range = arrays["graph"], arrays["graph"].copy()
    places = np.flatnonzero(out_of_range[:-8].view(np.uint8) == 255)  # of neighbours that are none, -1
    out_of_range[places] = 127
    whole = NearestApproximate.build(rows(400)[:7], THOROUGH).to_arrays()["graph"]
    for damaged in (graph[:0], graph[: len(graph) // 2], out_of_range, whole, graph.view(np.int8), graph[None]):
        with pytest.raises(ValueError, match="damaged"):
            NearestApproximate.from_arrays({**arrays, "graph": damaged}, rows(400))


def test_a_graph_of_another_kind_is_refused(index):
    faiss = pytest.importorskip("faiss")
    by_distance = faiss.IndexHNSWFlat(16, 32)
    by_distance.add(rows(400))
    for other in (by_distance, faiss.IndexFlatIP(16)):
        graph = faiss.serialize_index(other)
        with pytest.raises(ValueError, match="another kind"):
            NearestApproximate.from_arrays({**index.to_arrays(), "graph": graph}, rows(400))


def test_without_faiss(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"faiss.*manylabel\[ann\]"):
        NearestApproximate.build(rows(5), THOROUGH)
    with pytest.raises(MissingExtraError, match="faiss"):
        NearestApproximate.from_arrays({}, rows(5))


def test_options_are_checked():
    assert ApproximateConfig.parse({"ef_search": 10}).ef_search == 10
    for wrong in ({"links": 1}, {"ef_construction": 0}, {"ef_search": 0}, {"kind": "ivf"}, {"ef": 3}):
        with pytest.raises((ConfigError, ValidationError)):
            ApproximateConfig.parse(wrong)
