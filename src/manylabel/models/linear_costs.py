"""What training a linear model will cost, from the sizes of the problem.

The rates were fitted to ``benchmarks/linear.py`` on two cores; a machine twice as fast is told twice the time it
needs. Memory is counted from the arrays that are alive at the peak.
"""

from __future__ import annotations

import math

import numpy as np

from manylabel.core.capacity import Estimate, n_threads
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus

_BASE = 280_000_000  # interpreter, numpy, scipy, compiler, compiled kernels
_PAIR_SECONDS = 5.0e-9  # per (document, classifier, feature), all passes, one core
_PASS_OVERHEAD = 0.3e-6  # per (document, classifier), all passes, one core
_TEXT_BYTES_PER_SECOND = 40e6
_FEATURES_PER_ROOT = 80  # vocabulary of a text of m words, over the root of m
_LABELS_PER_BLOCK = 64  # of one versus rest
_BYTES_PER_WEIGHT = 12  # trained, and once more while levels are put together


def tree_estimate(
    corpus: Corpus | FeatureCorpus, row_length: float, branching: int, leaf_size: int, trees: int
) -> Estimate:
    """Expected cost of trees of the given shape."""
    n, labels = len(corpus), max(corpus.n_labels, 1)
    per_document = corpus.positives.nnz / max(n, 1)
    depth = max(0, math.ceil(math.log(max(labels / leaf_size, 1), branching)))
    leaf = labels / max(2 ** math.ceil(math.log2(max(labels / leaf_size, 1))), 1)
    pairs = n * (branching * min(depth, 1) + per_document * (branching * max(depth - 1, 0) + leaf)) * trees
    entries = n * row_length
    of_leaf = entries * min(per_document * leaf / labels, 1.0)
    node = max(
        entries * 4 + (_vocabulary(entries) + n) * min(branching, leaf) * 4,
        of_leaf * 4 + (_vocabulary(of_leaf) + n * of_leaf / max(entries, 1)) * leaf * 4,
    )
    weights = (0.2 * entries + 250 * labels) * trees
    memory = _BASE + _text_bytes(corpus) * 2 + entries * 8 + n_threads() * node + weights * _BYTES_PER_WEIGHT
    return Estimate(int(memory), _seconds(corpus, pairs, row_length), f"{pairs / 1e6:.0f} million document-node pairs")


def one_vs_rest_estimate(corpus: Corpus | FeatureCorpus, row_length: float) -> Estimate:
    """Expected cost of one classifier per label."""
    n = len(corpus)
    labels = max(len(np.unique(corpus.positives.indices)), 1)  # nothing is trained for the others
    entries = n * row_length
    block = (_vocabulary(entries) + n) * _LABELS_PER_BLOCK * 4
    weights = 0.4 * entries + 250 * labels
    memory = _BASE + _text_bytes(corpus) * 2 + entries * 12 + n_threads() * block + weights * _BYTES_PER_WEIGHT
    return Estimate(int(memory), _seconds(corpus, n * labels, row_length), f"{labels} labels times {n} documents")


def _seconds(corpus: Corpus | FeatureCorpus, pairs: float, row_length: float) -> float:
    training = pairs * (row_length * _PAIR_SECONDS + _PASS_OVERHEAD) / n_threads()
    return training + _text_bytes(corpus) / _TEXT_BYTES_PER_SECOND + 1.0


def _vocabulary(entries: float) -> float:
    return min(_FEATURES_PER_ROOT * math.sqrt(entries), entries)


def _text_bytes(corpus: Corpus | FeatureCorpus) -> float:
    if isinstance(corpus, FeatureCorpus):
        return 0.0
    step = max(len(corpus) // 2000, 1)
    sample = corpus.texts[::step]
    return sum(map(len, sample)) / max(len(sample), 1) * len(corpus)
