"""Folds: twins together, labels spread."""

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.folds import assign_folds


def test_documents_of_a_label_spread_over_the_folds():
    rng = np.random.default_rng(0)
    positives = csr_matrix(rng.random((400, 30)) < 0.03)
    folds = assign_folds(positives, 4, seed=0)
    assert np.bincount(folds).tolist() == [100] * 4
    counts = np.bincount(positives.indices, minlength=30)
    rarest = int(np.argmin(np.where(counts >= 4, counts, 1000)))
    spread = np.bincount(folds[positives[:, rarest].toarray().ravel()], minlength=4)
    assert spread.max() - spread.min() <= 1


def test_equal_texts_share_a_fold():
    texts = [f"text {i // 3}" for i in range(60)]
    positives = csr_matrix(np.eye(60, dtype=bool))  # each labelled differently
    folds = assign_folds(positives, 5, seed=1, texts=texts)
    for i in range(0, 60, 3):
        assert len(set(folds[i : i + 3])) == 1
    assert np.bincount(folds).tolist() == [12] * 5


def test_the_seed_decides_and_documents_without_labels_have_a_fold():
    positives = csr_matrix((50, 3), dtype=bool)
    one, two, other = (assign_folds(positives, 3, seed=seed) for seed in (0, 0, 1))
    assert one.tolist() == two.tolist() != other.tolist()
    assert set(one) == {0, 1, 2}
