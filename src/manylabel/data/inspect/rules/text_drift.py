"""A part whose texts differ from those of training: in length, or in their words."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import ks_2samp

from manylabel.core.finding import Finding, Severity
from manylabel.data.inspect.drift import P_VALUE, Drift, drift
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import share

_DOCUMENTS = 4_000
_WORDS = 5_000
_LENGTH = {"note": 0.1, "warning": 0.2, "serious": 0.5}


def check(inspected: Inspected) -> list[Finding]:
    """Up to two findings for each part: lengths (Kolmogorov-Smirnov), and words (Jensen-Shannon with permutations)."""
    words = np.split(inspected.word_counts, inspected.offsets[1:-1])
    found = []
    for position, name in enumerate(inspected.parts):
        if name != TRAIN:
            found += [_lengths(name, words[0], words[position]), _words(inspected, position, name)]
    return [finding for finding in found if finding is not None]


def _lengths(name: str, train: np.ndarray, other: np.ndarray) -> Finding | None:
    test = ks_2samp(train, other, method="asymp")
    distance = float(test.statistic)  # pyright: ignore[reportAttributeAccessIssue]
    if test.pvalue > P_VALUE or distance < _LENGTH["note"]:  # pyright: ignore[reportAttributeAccessIssue]
        return None
    medians = float(np.median(train)), float(np.median(other))
    return Finding(
        rule="text-drift",
        severity=cast(Severity, max((limit, name) for name, limit in _LENGTH.items() if distance >= limit)[1]),
        what=f"Texts of {name} are {'longer' if medians[1] > medians[0] else 'shorter'} than those of {TRAIN}: the "
        f"median is {medians[1]:g} words instead of {medians[0]:g}.",
        why="Scores depend on the length of a text; what was fitted on other lengths is less sure than it looks.",
        advice="Find out what differs: another field, a cut-off, another source. Read all parts with the same "
        "data.text_fields.",
        evidence={"part": name, "medians": list(medians), "distance": distance},
    )


def _words(inspected: Inspected, position: int, name: str) -> Finding | None:
    words = inspected.words
    chance = np.random.default_rng(inspected.options.seed)
    parts = []
    for number in (0, position):
        start, stop = np.searchsorted(words.rows, inspected.offsets[[number, number + 1]])
        rows = start + chance.permutation(stop - start)[:_DOCUMENTS]
        parts.append(words.present[np.sort(rows)])
    frequent = _frequent(parts[0], parts[1])
    found = drift(parts[0][:, frequent], parts[1][:, frequent], seed=inspected.options.seed)
    if found.severity is None:
        return None
    worst = np.argsort(-np.abs(found.surprise), kind="stable")[: max(inspected.options.examples, 3)]
    rates = [np.asarray(part[:, frequent[worst]].mean(axis=0)).ravel() for part in parts]
    examples = [
        {
            "word": words.terms[frequent[word]],
            TRAIN: share(float(rates[0][i])),
            name: share(float(rates[1][i])),
        }
        for i, word in enumerate(worst.tolist())
    ]
    return _words_finding(inspected, name, found, examples)


def _words_finding(inspected: Inspected, name: str, found: Drift, examples: list[dict[str, Any]]) -> Finding:
    unit = "character" if inspected.unspaced else "word"
    named = "; ".join(f"“{item['word']}” in {item[TRAIN]} and {item[name]}" for item in examples[:3])
    return Finding(
        rule="text-drift",
        severity=cast(Severity, found.severity),
        what=f"Texts of {name} use other {unit}s than those of {TRAIN}: {found.divergence:.3f} bits apart "
        f"(Jensen-Shannon), where chance gives {found.by_chance:.3f}; {named} of the documents.",
        why=f"What a model knows about the {unit}s of {TRAIN} fits {name} less; figures on {name} may be lower than on "
        "documents like the training ones.",
        advice="Find out what differs: time, source, language, a heading or footer. If new documents will look like "
        f"{name}, train on some of their kind.",
        evidence=found.evidence(name),
        examples=examples[: inspected.options.examples],
    )


def _frequent(first: csr_matrix, other: csr_matrix) -> np.ndarray:
    counts = np.bincount(first.indices, minlength=first.shape[1]) + np.bincount(other.indices, minlength=first.shape[1])
    return np.sort(np.argsort(-counts, kind="stable")[:_WORDS])
