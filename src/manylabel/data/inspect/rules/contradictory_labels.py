"""Equal or nearly equal texts with different labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.005, 0.05


def check(inspected: Inspected) -> list[Finding]:
    """Pairs of (nearly) equal texts without a common label, in any parts; those that share some labels are counted.

    Serious are only pairs of texts with the same words: where words differ, they may be what decides. Documents
    without labels are left to the rule ``without-labels``.
    """
    pairs, similarity, agreement = _labelled_pairs(inspected)
    apart, same = agreement == 0, similarity == 1
    if not apart.any():
        return []
    documents = len(np.unique(pairs[apart]))
    fraction, fraction_same = (len(np.unique(pairs[chosen])) / len(inspected.texts) for chosen in (apart, apart & same))
    worst = np.flatnonzero(apart)[np.argsort(-similarity[apart], kind="stable")][: inspected.options.examples]
    shared = (
        f" Texts with the same words share {share(float(agreement[same].mean()))} of their labels on average "
        "(Jaccard): so well do the labels agree with themselves."
        if same.any()
        else ""
    )
    return [
        Finding(
            rule="contradictory-labels",
            severity="serious"
            if fraction_same >= _SERIOUS
            else "warning"
            if fraction_same >= _WARNING or fraction >= _SERIOUS
            else "note",
            what=f"{counted(int(apart.sum()), 'pair')} of equal or nearly equal texts "
            f"{verb(int(apart.sum()), 'has', 'have')} no label in common, "
            f"{share(float(apart.mean()))} of all such pairs; {counted(documents, 'document')} "
            f"({share(fraction)}) stand in one.",
            why=f"Where both have the same words ({int((apart & same).sum()):,} of the pairs), no model can get both "
            f"right; where some words differ, these would have to decide.{shared}",
            advice="Look at the pairs and settle which labels are meant; where both are right, give both to both.",
            evidence={
                "pairs": len(pairs),
                "without_common_label": int(apart.sum()),
                "without_common_label_same_words": int((apart & same).sum()),
                "with_other_labels": int(((agreement > 0) & (agreement < 1)).sum()),
                "documents": documents,
                "share": fraction,
                "share_same_words": fraction_same,
                "mean_agreement": float(agreement.mean()),
                "mean_agreement_same_words": float(agreement[same].mean()) if same.any() else None,
            },
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


def _example(inspected: Inspected, pair: np.ndarray, similarity: float) -> dict[str, Any]:
    return {"similarity": round(similarity, 3), "documents": [inspected.record(int(row)) for row in pair]}
