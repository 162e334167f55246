"""Single words in the text that tell a label."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share

_FEWEST, _SURE, _SERIOUS = 10, 0.97, 0.1
_CODE = re.compile(r"(?=\w*\d)(?=\w*[^\W\d])\w{3,}|\d{4,}|\w*_\w*")
"""Letters with digits, long numbers, words joined by underscores: what a machine writes."""


def check(inspected: Inspected) -> list[Finding]:
    """Findings where a word stands in 97 % of a label's training documents and in no more than 3 % others.

    Codes are a suspicion, other words a note; a word of the label's own name is left to ``label-names-in-text``,
    unless it is a code. Only labels with ten documents or more count, none that stands on nine tenths of them.
    """
    if inspected.unspaced:
        return []
    words = inspected.words
    stop = int(np.searchsorted(words.rows, inspected.offsets[1]))
    positives = inspected.train.positives[words.rows[:stop]]
    found = _telling(words.present[:stop], positives)
    codes, plain = [], []
    for label, word, documents, sure in found:
        term = words.terms[word]
        if _CODE.fullmatch(term):
            codes.append((label, term, documents, sure))
        elif not _is_of_name(term, inspected, label):
            plain.append((label, term, documents, sure))
    pairs = max(int(positives.nnz), 1)
    findings = [_code_finding(inspected, codes, pairs)] if codes else []
    return [*findings, _word_finding(inspected, plain, pairs)] if plain else findings


def _telling(present: csr_matrix, positives: csr_matrix) -> list[tuple[int, int, int, float]]:
    """(label, word, documents of the label, lower of both shares), the most frequent labels first."""
    n = present.shape[0]
    frequency = np.bincount(present.indices, minlength=present.shape[1])
    counts = np.bincount(positives.indices, minlength=positives.shape[1])
    words = np.flatnonzero((frequency >= _FEWEST) & (frequency < n))
    labels = np.flatnonzero((counts >= _FEWEST) & (counts < 0.9 * n))
    if len(words) == 0 or len(labels) == 0:
        return []
    joint = csr_matrix(positives[:, labels].T.astype(np.int32) @ present[:, words].astype(np.int32)).tocoo()
    row, column = labels[joint.row], words[joint.col]
    lower = joint.data / np.maximum(counts[row], frequency[column])
    kept = np.flatnonzero(lower >= _SURE)
    # One word a label: the surest.
    best: dict[int, tuple[float, int]] = {}
    for i in kept.tolist():
        best[int(row[i])] = max(best.get(int(row[i]), (0.0, -1)), (float(lower[i]), int(column[i])))
    return sorted(
        ((label, word, int(counts[label]), sure) for label, (sure, word) in best.items()), key=lambda item: -item[2]
    )


def _is_of_name(term: str, inspected: Inspected, label: int) -> bool:
    return term in f"{inspected.labels.names[label]} {inspected.labels.text_of(label)}".lower()


def _examples(inspected: Inspected, found: list[tuple[int, str, int, float]]) -> list[dict[str, Any]]:
    return [
        {"label": inspected.label_name(label), "word": term, "at_least": share(sure), "label_documents": documents}
        for label, term, documents, sure in found[: inspected.options.examples]
    ]


def _code_finding(inspected: Inspected, found: list[tuple[int, str, int, float]], pairs: int) -> Finding:
    fraction = sum(item[2] for item in found) / pairs
    label, term, _, sure = found[0]
    return Finding(
        rule="leaking-words",
        severity="serious" if fraction >= _SERIOUS else "warning",
        what=f"Codes in the text tell {counted(len(found), 'label')} ({share(fraction)} of the label pairs): “{term}” "
        f"goes with {inspected.label_name(label)} in {share(sure)} of the documents of {TRAIN} that have either.",
        why="A model learns the code instead of the subject. If new documents come without it, figures on documents "
        "that have it say nothing about them.",
        advice="Find out who writes the code. If it comes with the labels (a shelf mark, a queue, a template), take it "
        "out of the texts.",
        evidence={"labels": len(found), "share_of_pairs": fraction},
        examples=_examples(inspected, found),
    )


def _word_finding(inspected: Inspected, found: list[tuple[int, str, int, float]], pairs: int) -> Finding:
    fraction = sum(item[2] for item in found) / pairs
    label, term, _, sure = found[0]
    return Finding(
        rule="leaking-words",
        severity="note",
        what=f"A single word tells {counted(len(found), 'label')} ({share(fraction)} of the label pairs): “{term}” "
        f"goes with {inspected.label_name(label)} in {share(sure)} of the documents of {TRAIN} that have either.",
        why="Often the subject has such a word. It is a leak only where the word was added with the label, by a form "
        "or a template.",
        advice="Look at the words: if they belong to the language of new documents too, nothing needs to be done.",
        evidence={"labels": len(found), "share_of_pairs": fraction},
        examples=_examples(inspected, found),
    )
