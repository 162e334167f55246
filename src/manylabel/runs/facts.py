"""What a run records of its data."""

from __future__ import annotations

from typing import Any

import numpy as np

from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import FeatureCorpus
from manylabel.metrics.groups import GROUPS, groups_of
from manylabel.runs.digests import corpus_digest, truth_digest
from manylabel.runs.reading import AnyCorpus


def corpus_facts(corpus: AnyCorpus) -> dict[str, Any]:
    """Where it came from, its digests, and its counts."""
    facts: dict[str, Any] = {
        "source": corpus.source,
        "digest": corpus_digest(corpus),
        "truth_digest": truth_digest(corpus),
        "documents": len(corpus),
        "pairs": int(corpus.positives.nnz),
        "labels": len(np.unique(corpus.positives.indices)),
        "without_labels": corpus.without_labels,
        "dropped_labels": corpus.dropped_labels,
    }
    if isinstance(corpus, FeatureCorpus):
        facts["features"] = corpus.n_features
    else:
        facts["empty_texts"] = corpus.empty_texts
    return facts


def label_facts(labels: LabelSpace, cuts: tuple[int, int]) -> dict[str, int]:
    """Size of the label space and of its groups by number of training documents."""
    assert labels.counts is not None
    sizes = np.bincount(groups_of(labels.counts, cuts), minlength=len(GROUPS))
    return {"labels": len(labels), **{name: int(size) for name, size in zip(GROUPS, sizes, strict=True)}}
