"""How many of the labels a model ever gets right."""

from __future__ import annotations

import numpy as np

from manylabel.metrics.label_sums import LabelSums
from manylabel.metrics.metric import divide, metric


@metric("labels")
def coverage_at(sums: LabelSums) -> np.ndarray:
    """coverage@k: labels that are a hit among the first k of some document, over labels with a document in the test.

    The denominator is that of napkinXC, not all L labels. By group: labels of the group, above and below.
    """
    return divide(sums.found, sums.supported, np.nan)
