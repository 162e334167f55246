"""Stored weights: half the size, nearly the same values, and two ways to score that agree to the last bit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from manylabel.linear.chunks import ChunkedWeights, clear_lookup, fill_lookup, score_by_lookup, score_by_search
from manylabel.linear.node_training import NodeWeights

WIDTH = 12


def node_of(dense, biases):
    """A node's weights from a dense array [features, children]."""
    used = np.flatnonzero((dense != 0).any(axis=1))
    rows, columns = np.nonzero(dense[used])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(used)))])
    return NodeWeights(
        used.astype(np.int32),
        indptr.astype(np.int64),
        columns.astype(np.int32),
        dense[used][rows, columns].astype(np.float32),
        biases.astype(np.float32),
    )


@st.composite
def levels(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    dense = []
    for _ in range(draw(st.integers(1, 4))):
        children = int(rng.integers(0, 5))
        weights = rng.normal(size=(WIDTH, children)) * (rng.random((WIDTH, children)) < 0.4)
        dense.append((weights * 10.0 ** draw(st.integers(-3, 3)), rng.normal(size=children)))
    return dense


def unpacked(chunks, chunk, children):
    weights = np.zeros((WIDTH, children))
    for position in range(chunks.chunk_indptr[chunk], chunks.chunk_indptr[chunk + 1]):
        entries = slice(int(chunks.entry_indptr[position]), int(chunks.entry_indptr[position + 1]))
        weights[chunks.features[position], chunks.columns[entries]] = chunks.values[entries]
    return weights * np.float64(chunks.scales[chunk])


@settings(max_examples=60)
@given(levels())
def test_weights_are_kept_to_a_sixtyfive_thousandth(dense):
    chunks = ChunkedWeights.from_nodes([node_of(*part) for part in dense])
    offsets = np.concatenate([[0], np.cumsum([len(biases) for _, biases in dense])])
    chunks.validate(offsets, WIDTH)
    assert chunks.nnz == sum((weights != 0).sum() for weights, _ in dense)
    np.testing.assert_array_equal(chunks.biases, np.concatenate([biases for _, biases in dense]).astype(np.float32))
    for number, (weights, biases) in enumerate(dense):
        largest = np.abs(weights).max(initial=0)
        error = np.abs(unpacked(chunks, number, len(biases)) - weights).max(initial=0)
        assert error <= largest / 65_000
    again = ChunkedWeights.from_arrays(chunks.to_arrays())
    assert all(getattr(again, name) is array for name, array in chunks.to_arrays().items())


def test_the_type_of_columns_fits_the_widest_node():
    for children, dtype in ((1, np.uint8), (256, np.uint8), (257, np.uint16), (65_536, np.uint16), (65_537, np.int32)):
        dense = np.zeros((2, children))
        dense[1, children - 1] = 1.0
        chunks = ChunkedWeights.from_nodes([node_of(dense, np.zeros(children))])
        assert chunks.columns.dtype == dtype
        assert chunks.columns.tolist() == [children - 1]
    assert ChunkedWeights.from_nodes([]).nnz == 0


@settings(max_examples=60)
@given(levels(), st.integers(0, 2**20))
def test_both_ways_to_score_agree_to_the_last_bit(dense, seed):
    rng = np.random.default_rng(seed)
    chunks = ChunkedWeights.from_nodes([node_of(*part) for part in dense])
    indices = np.flatnonzero(rng.random(WIDTH) < 0.5).astype(np.int32)
    data = rng.normal(size=len(indices)).astype(np.float32)
    lookup = np.full(WIDTH, -1, np.int32)
    for chunk, (weights, biases) in enumerate(dense):
        first, last = chunks.chunk_indptr[chunk : chunk + 2]
        stored = (chunks.entry_indptr, chunks.columns, chunks.values, chunks.scales[chunk])
        by_lookup, by_search = biases.astype(np.float32), biases.astype(np.float32)
        fill_lookup(chunks.features, first, last, lookup)
        score_by_lookup(indices, data, 0, len(indices), lookup, *stored, by_lookup)
        clear_lookup(chunks.features, first, last, lookup)
        assert (lookup == -1).all()
        score_by_search(indices, data, 0, len(indices), chunks.features, first, last, *stored, by_search)
        assert by_lookup.tobytes() == by_search.tobytes()
        document = np.zeros(WIDTH)
        document[indices] = data
        largest = np.abs(weights).max(initial=1)
        np.testing.assert_allclose(by_search, document @ weights + biases, atol=1e-3 * largest)
