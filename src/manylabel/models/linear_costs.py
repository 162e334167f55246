"""What training a linear model will cost, from the sizes of the problem.

The rates were measured with ``benchmarks/linear.py`` on two cores; a machine twice as fast is told twice the time it
needs. Memory is counted from the arrays that are alive at the peak.
"""

from __future__ import annotations

import math

from manylabel.core.capacity import Estimate, n_threads
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus

_BASE = 260_000_000  # interpreter, numpy, scipy, compiled kernels
_PAIR_SECONDS = 2.0e-9  # per (document, classifier, feature), all passes, one core
_PASS_OVERHEAD = 1.5e-6  # per (document, classifier), all passes, one core
_TEXT_BYTES_PER_SECOND = 40e6


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
    largest_node = entries * 8 + n * branching * 12
    model = 0.03 * pairs / max(trees, 1) * min(row_length, 100) * 0.3
    memory = _BASE + _text_bytes(corpus) * 2 + entries * 16 + n_threads() * largest_node + model * 8 * trees
    seconds = (
        pairs * (row_length * _PAIR_SECONDS + _PASS_OVERHEAD) / n_threads()
        + _text_bytes(corpus) / _TEXT_BYTES_PER_SECOND
    )
    return Estimate(int(memory), seconds + 1.0, f"{pairs / 1e6:.0f} million document-node pairs")


def one_vs_rest_estimate(corpus: Corpus | FeatureCorpus, row_length: float) -> Estimate:
    """Expected cost of one classifier per label."""
    n, labels = len(corpus), max(corpus.n_labels, 1)
    entries = n * row_length
    width = min(entries / 4, 1e7)
    memory = _BASE + _text_bytes(corpus) * 2 + entries * 24 + n_threads() * 64 * (n * 12 + width * 12)
    seconds = n * labels * (row_length * _PAIR_SECONDS + _PASS_OVERHEAD) / n_threads()
    return Estimate(
        int(memory),
        seconds + _text_bytes(corpus) / _TEXT_BYTES_PER_SECOND + 1.0,
        f"{labels} labels times {n} documents",
    )


def _text_bytes(corpus: Corpus | FeatureCorpus) -> float:
    if isinstance(corpus, FeatureCorpus):
        return 0.0
    step = max(len(corpus) // 2000, 1)
    sample = corpus.texts[::step]
    return sum(map(len, sample)) / max(len(sample), 1) * len(corpus)
