"""Names of documents that tell their labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share

_FEWEST, _SURE, _WARNING = 10, 0.95, 0.2
_FOLDER = re.compile(r"^(.+)[/\\]")
_DIGITS = re.compile(r"\d+")

_KEYS: dict[str, Callable[[str], str]] = {
    "its folder": lambda name: found.group(1) if (found := _FOLDER.match(name)) else "",
    "its beginning": lambda name: re.split(r"[/\\_:.#\s-]", name, maxsplit=1)[0],
    "what is left without digits": lambda name: _DIGITS.sub("", name),
}
"""Parts of a name that documents may have in common."""


def check(inspected: Inspected) -> list[Finding]:
    """A finding where a part of the id (folder, prefix, letters) goes with a label in 95 % of both, in training.

    Only labels with ten documents or more count, and none that stands on nine tenths of the documents.
    """
    corpus = inspected.train
    if corpus.ids is None:
        return []
    best: list[tuple[int, str, str, float]] = []
    how = ""
    for what, key in _KEYS.items():
        found = _telling(corpus, [key(name) for name in corpus.ids], inspected.counts[TRAIN])
        if sum(inspected.counts[TRAIN][item[0]] for item in found) > sum(
            inspected.counts[TRAIN][item[0]] for item in best
        ):
            best, how = [(label, value, what, sure) for label, value, sure in found], what
    if not best:
        return []
    return [_finding(inspected, best, how)]


def _finding(inspected: Inspected, best: list[tuple[int, str, str, float]], how: str) -> Finding:
    counts = inspected.counts[TRAIN]
    fraction = float(sum(counts[item[0]] for item in best) / counts.sum())
    best.sort(key=lambda item: -counts[item[0]])
    examples: list[dict[str, Any]] = [
        {"label": inspected.label_name(label), "ids": value, "have_it": share(sure), "documents": int(counts[label])}
        for label, value, _, sure in best
    ]
    return Finding(
        rule="leaking-ids",
        severity="serious" if fraction >= _WARNING else "warning",
        what=f"The id of a document ({how}) tells {counted(len(best), 'label')} with {share(fraction)} of the label "
        f"pairs; “{best[0][1]}” goes with {inspected.label_name(best[0][0])}.",
        why="Models of manylabel do not read ids; but a text field or a file name that holds the id would give the "
        "answer away, and documents with a common part in their ids may come from one source.",
        advice="Keep the id out of data.text_fields. Ask how labels were given: one per folder is a property of the "
        "source, not of the text; split by group then.",
        evidence={"labels": len(best), "share_of_pairs": fraction, "of_the_id": how},
        examples=examples[: inspected.options.examples],
    )


def _telling(corpus: Corpus, keys: Sequence[str], counts: np.ndarray) -> list[tuple[int, str, float]]:
    """Labels that go with one key: (label, key, the lower of both shares)."""
    values, numbers = np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)
    if not 2 <= len(values) <= len(keys) // 2:
        return []
    sizes = np.bincount(numbers)
    n = len(corpus)
    groups = csr_matrix((np.ones(n, np.int32), numbers, np.arange(n + 1)), (n, len(values)))
    joint = csr_matrix(corpus.positives.T.astype(np.int32) @ groups).tocoo()
    lower = np.minimum(joint.data / counts[joint.row], joint.data / sizes[joint.col])
    kept = (lower >= _SURE) & (counts[joint.row] >= _FEWEST) & (counts[joint.row] < 0.9 * n)
    return [
        (int(label), str(values[key]), float(sure))
        for label, key, sure in zip(joint.row[kept], joint.col[kept], lower[kept], strict=True)
    ]
