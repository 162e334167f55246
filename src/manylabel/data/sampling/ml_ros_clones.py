"""The loop of ML-ROS."""

from __future__ import annotations

import numpy as np

from manylabel.core.compiled import compiled


@compiled
def clones_of_rare_labels(
    indptr: np.ndarray,
    indices: np.ndarray,
    documents: np.ndarray,
    starts: np.ndarray,
    counts: np.ndarray,
    chances: np.ndarray,
) -> np.ndarray:
    """Documents to clone, see :class:`manylabel.data.sampling.ml_ros.MLROS`.

    Args:
        indptr: int64 ``[n + 1]`` of the label matrix.
        indices: int64 ``[pairs]`` of the label matrix.
        documents: int64 ``[pairs]``, the documents of each label in turn.
        starts: int64 ``[L + 1]``, where those of a label start.
        counts: int64 ``[L]``, how many they are.
        chances: float64 in [0, 1), one for each clone that is wanted.

    Returns:
        Rows, int64, fewer than wanted where no label is above the mean any more.
    """
    clones = np.empty(len(chances), np.int64)
    now = counts.copy()
    found, inverses = 0, 0.0
    for label in range(len(now)):
        if now[label] > 0:
            found += 1
            inverses += 1.0 / now[label]
    active = np.flatnonzero(now)
    made = 0
    while made < len(chances):
        kept = 0
        for label in active:
            # IRLbl above MeanIR, both times the documents of the most frequent label, which so cancels.
            if found > now[label] * inverses * (1 + 1e-9):
                active[kept] = label
                kept += 1
        active = active[:kept]
        if kept == 0:
            break
        for label in active[: len(chances) - made]:
            own = starts[label + 1] - starts[label]
            document = documents[starts[label] + int(chances[made] * own)]
            clones[made] = document
            made += 1
            for place in range(indptr[document], indptr[document + 1]):
                other = indices[place]
                inverses += 1.0 / (now[other] + 1) - 1.0 / now[other]
                now[other] += 1
    return clones[:made]
