"""What the same answer for every document is worth: the least that a model must beat."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from manylabel.report.doctor.examined import Part


def commonest_share(part: Part) -> float:
    """P@1 of the answer that is best where nothing is known of the text: always the commonest label."""
    counts = np.bincount(part.corpus.positives.indices, minlength=1)
    return float(counts.max() / max(part.labelled.sum(), 1))


def commonest_set_share(part: Part) -> float:
    """Share of the documents with labels that have the commonest label set: what always answering it has right."""
    positives = part.corpus.positives[part.labelled]
    stops = positives.indptr.tolist()
    sets = Counter(positives.indices[a:b].tobytes() for a, b in pairwise(stops))
    return max(sets.values()) / positives.shape[0]
