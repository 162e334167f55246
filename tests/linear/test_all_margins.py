"""All margins of one-versus-rest: the same to the last bit as the search for the best labels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_sparse

from manylabel.linear.one_vs_rest import fit_one_vs_rest
from manylabel.linear.solver_options import SolverOptions

ROWS, LABELS, UNSEEN = 600, 80, 11


@pytest.mark.parametrize("prune", [0.0, 0.1])
def test_equals_the_search_for_all_labels(prune):
    features = csr_matrix(random_sparse(ROWS, 150, 0.1, random_state=1, dtype=np.float32))
    features.sort_indices()
    dense = random_sparse(ROWS, LABELS, 0.05, random_state=2).toarray() > 0
    dense[:, UNSEEN] = False
    model = fit_one_vs_rest(features, csr_matrix(dense), SolverOptions(prune=prune), seed=0)
    indices, found = model.predict(features, LABELS)
    assert (indices[:, -1] == -1).all()
    expected = np.full((ROWS, LABELS), -np.inf, np.float32)
    np.put_along_axis(expected, indices[:, :-1].astype(np.int64), found[:, :-1], axis=1)

    margins = model.margins(features)

    assert margins.dtype == np.float32
    np.testing.assert_array_equal(margins, expected)
    assert np.isneginf(margins[:, UNSEEN]).all()
    np.testing.assert_array_equal(model.margins(features[550:]), margins[550:])
    assert model.margins(features[:0]).shape == (0, LABELS)
