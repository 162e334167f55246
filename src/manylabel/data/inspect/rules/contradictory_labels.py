"""Equal or nearly equal texts with different labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted, share

_WARNING, _SERIOUS = 0.005, 0.05


def check(inspected: Inspected) -> list[Finding]:
    """Pairs of (nearly) equal texts without a common label, in any parts; those that share some labels are counted.

    Documents without labels are left to the rule ``without-labels``.
    """
    pairs, similarity, agreement = _labelled_pairs(inspected)
    apart = agreement == 0
    if not apart.any():
        return []
    documents = len(np.unique(pairs[apart]))
    fraction = documents / len(inspected.texts)
    worst = np.flatnonzero(apart)[np.argsort(-similarity[apart], kind="stable")][: inspected.options.examples]
    return [
        Finding(
            rule="contradictory-labels",
            severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
            what=f"{counted(int(apart.sum()), 'pair')} of equal or nearly equal texts have no label in common, "
            f"{share(float(apart.mean()))} of all such pairs; {counted(documents, 'document')} "
            f"({share(fraction)}) stand in one.",
            why=f"Where both have the same words ({int((similarity[apart] == 1).sum()):,} of the pairs), no model can "
            "get both right; where some words differ, those would have to decide. All pairs of equal or nearly equal "
            f"texts share {share(float(agreement.mean()))} of their labels on average (Jaccard), roughly as much as a "
            "model can.",
            advice="Look at the pairs and settle which labels are meant; where both are right, give both to both.",
            evidence=_evidence(pairs, similarity, agreement, documents, fraction),
            examples=[_example(inspected, pairs[pair], float(similarity[pair])) for pair in worst.tolist()],
        )
    ]


def _labelled_pairs(inspected: Inspected) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of documents (int64 ``[p, 2]``) that both have labels, how similar their texts and their label sets are."""
    twins = inspected.twins
    repeated = np.flatnonzero(twins.first != np.arange(len(twins.first)))
    equal = np.stack([twins.first[repeated], repeated], axis=1)
    pairs = np.concatenate([equal, twins.pairs])
    similarity = np.concatenate([np.ones(len(equal), np.float32), twins.similarity])
    labelled = np.diff(inspected.positives.indptr) > 0
    both = labelled[pairs].all(axis=1)
    pairs, similarity = pairs[both], similarity[both]
    return pairs, similarity, _agreement(inspected.positives, pairs)


def _agreement(positives: csr_matrix, pairs: np.ndarray) -> np.ndarray:
    """Jaccard of the label sets of each pair, float64 ``[p]``."""
    sizes = np.diff(positives.indptr).astype(np.int64)
    common = positives[pairs[:, 0]].multiply(positives[pairs[:, 1]]).sum(axis=1)
    common = np.asarray(common, np.int64).ravel()
    return common / np.maximum(sizes[pairs].sum(axis=1) - common, 1)


def _evidence(
    pairs: np.ndarray, similarity: np.ndarray, agreement: np.ndarray, documents: int, fraction: float
) -> dict[str, Any]:
    equal = similarity == 1
    return {
        "pairs": len(pairs),
        "without_common_label": int((agreement == 0).sum()),
        "with_other_labels": int(((agreement > 0) & (agreement < 1)).sum()),
        "documents": documents,
        "share": fraction,
        "mean_agreement": float(agreement.mean()),
        "mean_agreement_of_equal_texts": float(agreement[equal].mean()) if equal.any() else None,
    }


def _example(inspected: Inspected, pair: np.ndarray, similarity: float) -> dict[str, Any]:
    return {"similarity": round(similarity, 3), "documents": [inspected.record(int(row)) for row in pair]}
