"""Names of labels in the texts of their documents."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.phrases import names_in_texts
from manylabel.data.inspect.wording import counted, share

_NOTE, _WARNING, _RIGHT = 0.1, 0.9, 0.9
_FEWEST, _SURE = 10, 0.95


def check(inspected: Inspected) -> list[Finding]:
    """A finding where a tenth or more of the given labels stand in the text by name (training documents).

    For subject indexing that is as it should be, a note. Where nine tenths do, the text probably holds the labels: a
    warning; and where, besides, nine tenths of the names found are given labels, it certainly does: serious.
    """
    words = inspected.words
    stop = int(np.searchsorted(words.rows, inspected.offsets[1]))
    positives = inspected.train.positives[words.rows[:stop]]
    names = [inspected.labels.text_of(i) for i in range(len(inspected.labels))]
    found = csr_matrix(names_in_texts(names, words, characters=inspected.unspaced)[:stop])
    right = csr_matrix(found.multiply(positives))
    given, named, hits = (np.bincount(part.indices, minlength=len(names)) for part in (positives, found, right))
    recall = hits.sum() / max(given.sum(), 1)
    precision = hits.sum() / max(named.sum(), 1)
    if recall < _NOTE:
        return []
    spelled = np.flatnonzero((given >= _FEWEST) & (hits >= _SURE * np.maximum(given, named)))
    leak = recall >= _WARNING
    return [
        Finding(
            rule="label-names-in-text",
            severity="serious" if leak and precision >= _RIGHT else "warning" if leak else "note",
            what=f"{share(float(recall))} of the given labels stand in their text by name; where a name stands in a "
            f"text, the label is given in {share(float(precision))} of the cases."
            + (f" {counted(len(spelled), 'label')} can be read off the text nearly always." if len(spelled) else ""),
            why="The texts seem to hold their labels, as a list of keywords or a heading: a model then learns to copy, "
            "and fails on texts without it."
            if leak
            else "That is as it should be where labels are subjects that texts name. It is a leak only if the names "
            "were written into the texts with the labels.",
            advice="Take the list of labels out of the texts, or read only the other fields (data.text_fields)."
            if leak
            else "Nothing, for texts that people wrote. `model: fused` uses the names, which helps rare labels most.",
            evidence={
                "share_of_given_in_text": float(recall),
                "share_of_named_that_is_given": float(precision),
                "labels_read_off": len(spelled),
            },
            examples=_examples(inspected, right, words.rows, spelled, given),
        )
    ]


def _examples(
    inspected: Inspected, right: csr_matrix, rows: np.ndarray, spelled: np.ndarray, given: np.ndarray
) -> list[dict[str, Any]]:
    """Labels that can be read off, the most frequent first; where there is none, a document with a name in it."""
    most = inspected.options.examples
    if len(spelled):
        order = spelled[np.argsort(-given[spelled], kind="stable")][:most]
        return [{"label": inspected.label_name(i), "label_documents": int(given[i])} for i in order.tolist()]
    documents = np.flatnonzero(np.diff(right.indptr) > 0)[:most]
    return [
        {"label": inspected.label_name(int(right[row].indices[0])), "documents": [inspected.record(int(rows[row]))]}
        for row in documents.tolist()
    ]
