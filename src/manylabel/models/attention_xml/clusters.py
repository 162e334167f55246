"""The label tree of `attention-xml`, from what the documents of labels say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix, hstack

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError
from manylabel.core.progress import Progress
from manylabel.core.stages import Stages
from manylabel.models.attention_xml.config import ClusteringConfig
from manylabel.models.features import Features
from manylabel.trees.label_features import pifa
from manylabel.trees.label_tree import LabelTree, build_tree_with_counts


def label_vectors(corpus: Corpus, config: ClusteringConfig) -> csr_matrix:
    """What labels look like to the clustering, float32 CSR ``[L, d]``, unit rows; empty where nothing is known.

    Raises:
        ConfigError: texts of labels are asked for, and there are none.
    """
    features = Features(config.features)
    rows = features.fit(corpus, Stages())
    parts = [] if config.label_features == "text" else [pifa(rows, corpus.positives)]
    if config.label_features != "pifa":
        texts = features.of_label_texts(corpus.labels)
        if texts is None:
            wanted = config.label_features
            raise ConfigError(f"clustering.label_features: {wanted} needs a label file with texts (data.labels)")
        parts.append(texts)
    return parts[0] if len(parts) == 1 else hstack(parts, format="csr", dtype=np.float32) * np.float32(0.5**0.5)


def tree_of(
    vectors: Callable[[], csr_matrix], n_labels: int, config: ClusteringConfig, seed: int, progress: Progress
) -> LabelTree:
    """The label tree.

    Labels that nothing is known of are spread evenly over the lowest clusters.

    Args:
        vectors: of the labels; called where there is anything to cluster.
        n_labels: L.
        config: the sizes.
        seed: of the clustering.
        progress: told of what is not as asked for.
    """
    counts = config.counts(n_labels)
    if not counts:
        progress.note(f"{n_labels:,} labels make no clusters of the size asked for: they are scored all at once")
        return build_tree_with_counts(csr_matrix((n_labels, 1)), ())
    found = vectors()
    known = np.flatnonzero(np.diff(found.indptr)).astype(np.int32)
    if len(known) < n_labels:
        progress.note(
            f"{n_labels - len(known):,} of {n_labels:,} labels have neither a training document nor a text that could "
            "be clustered; they are spread over the clusters"
        )
    # Fewer known labels than clusters: the halving leaves some clusters to the others alone.
    return build_tree_with_counts(found[known], counts, seed=seed).among(known, n_labels)
