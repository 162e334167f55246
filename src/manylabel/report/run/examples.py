"""Documents that a run gets right and wrong, with the words that made it say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.progress import Progress
from manylabel.core.topk import NO_LABEL
from manylabel.models.base import Model
from manylabel.models.explanation import Explanation, Word
from manylabel.report.run.excerpts import Piece, excerpt
from manylabel.report.run.label_lists import label_name
from manylabel.report.run.measured import Measured

Kind = Literal["right", "wrong", "missed"]

_SHOWN = 8  # labels of a document
_KNOWN_WELL = 10  # training documents from which a model should know a label
_LEAST = 0.05  # of the strongest word; weaker ones are not named
_MOST_CHARACTERS = 20_000  # of a text that is explained


@dataclass(frozen=True)
class Given:
    """A label that a document was given.

    Attributes:
        name: as it is shown.
        score: of the model; None where it is not listed, as a parent that a hierarchy adds.
        right: whether the document has it.
    """

    name: str
    score: float | None
    right: bool


@dataclass(frozen=True)
class Example:
    """One document.

    Attributes:
        kind: ``right`` every label is; ``wrong`` the first label is not; ``missed`` a well-known label was not given.
        id: the document's name, or its position.
        given: the label set, best first.
        missed: true labels that are not in it.
        explained: the label that the marked words speak for.
        score: of that label.
        pieces: passages of the text.
        speaking: the strongest words for that label.
        against: the strongest words against it.
        method: how the words were found; empty where they could not be.
        undecided: no word matters alone, so none is marked.
    """

    kind: Kind
    id: str
    given: tuple[Given, ...]
    missed: tuple[str, ...]
    explained: str
    score: float | None
    pieces: tuple[Piece, ...]
    speaking: tuple[Word, ...]
    against: tuple[Word, ...]
    method: str
    undecided: bool


def choose_examples(model: Model, measured: Measured, wanted: int, progress: Progress, seed: int = 0) -> list[Example]:
    """Some documents of each kind, each explained; none of a model of feature vectors, which has no texts.

    Right ones are drawn at random, wrong ones are those whose wrong first label has the highest score, missed ones are
    drawn at random among documents that lack a label with at least ten training documents. No two of a kind show the
    same label.

    Args:
        model: of the run.
        measured: its predictions.
        wanted: number of documents of each kind at most.
        progress: counts explained documents.
        seed: of the draw.
    """
    if not isinstance(measured.corpus, Corpus) or wanted == 0:
        return []
    corpus, found = measured.corpus, []
    kinds: tuple[tuple[Kind, Callable[[Measured, int], Iterator[tuple[int, int]]]], ...]
    kinds = (("right", _right), ("wrong", _wrong), ("missed", _missed))
    with progress.task("explaining", len(kinds) * wanted) as advance:
        for kind, candidates in kinds:
            shown: set[int] = set()
            for row, label in candidates(measured, seed):
                if label in shown or not corpus.texts[row].strip():
                    continue
                shown.add(label)
                found.append(_example(kind, row, label, model, measured, corpus))
                advance(1)
                if len(shown) == wanted:
                    break
    return found


def _right(measured: Measured, seed: int) -> Iterator[tuple[int, int]]:
    """Documents whose label set is the truth, with their first label."""
    sets, truth = measured.sets, measured.corpus.positives
    common = np.asarray(sets.multiply(measured.truth).sum(axis=1)).ravel()
    whole = (common == np.diff(truth.indptr)) & (common == np.diff(sets.indptr)) & (common > 0)
    for row in _drawn(np.flatnonzero(whole & _first_is(measured, right=True)), seed):
        yield row, int(measured.topk.indices[row, 0])


def _wrong(measured: Measured, seed: int) -> Iterator[tuple[int, int]]:
    """Documents with a wrong first label in their set, the surest first."""
    del seed
    rows = np.flatnonzero(_first_is(measured, right=False))
    for row in rows[np.argsort(-measured.topk.scores[rows, 0], kind="stable")].tolist():
        label = int(measured.topk.indices[row, 0])
        if label in _row(measured.sets, row):
            yield row, label


def _missed(measured: Measured, seed: int) -> Iterator[tuple[int, int]]:
    """Documents without a label that the model should know."""
    counts = measured.topk.labels.counts if measured.topk.labels is not None else None
    lost = (measured.truth.astype(np.int8) - measured.sets.astype(np.int8)) > 0
    for row in _drawn(np.flatnonzero(np.diff(lost.indptr)), seed):
        known = [label for label in _row(lost, row) if counts is None or counts[label] >= _KNOWN_WELL]
        if known:
            yield row, known[0]


def _example(kind: Kind, row: int, label: int, model: Model, measured: Measured, corpus: Corpus) -> Example:
    labels, topk = model.labels, measured.topk
    order = {number: place for place, number in enumerate(topk.indices[row].tolist()) if number != NO_LABEL}
    truth = set(_row(corpus.positives, row))
    chosen = sorted(_row(measured.sets, row), key=lambda number: order.get(number, topk.k))
    given = tuple(
        Given(
            label_name(labels, number),
            float(topk.scores[row, order[number]]) if number in order else None,
            number in truth,
        )
        for number in chosen[:_SHOWN]
    )
    missed = tuple(label_name(corpus.labels, number) for number in sorted(truth - set(chosen)))
    text = corpus.texts[row][:_MOST_CHARACTERS]
    explanation = _explained(model, text, label, first=kind != "missed")
    speaking: tuple[list[Word], list[Word]] = ([], [])
    pieces, score, undecided = excerpt(text, [], np.zeros(0)), None, False
    if explanation is not None:
        one = explanation.labels[0]
        score, undecided = one.score, explanation.undecided(one)
        if not undecided:
            pieces, speaking = excerpt(text, explanation.units, one.values), _strong(explanation.words(one.values, 5))
    return Example(
        kind=kind,
        id=corpus.id_of(row),
        given=given,
        missed=missed[:_SHOWN],
        explained=label_name(labels, label),
        score=score,
        pieces=tuple(pieces),
        speaking=tuple(speaking[0]),
        against=tuple(speaking[1]),
        method="" if explanation is None else explanation.method,
        undecided=undecided,
    )


def _explained(model: Model, text: str, label: int, *, first: bool) -> Explanation | None:
    """Why the model gives a label, or not; None where it has no score for it at all."""
    try:
        # A label that is listed first needs no long list to be found in.
        (found,) = model.explain([text], 1)
        if not (first and found.labels and found.labels[0].label == label):
            (found,) = model.explain([text], 1, [model.labels.names[label]])
    except InputError:
        return None
    return found


def _strong(words: tuple[list[Word], list[Word]]) -> tuple[list[Word], list[Word]]:
    """Without words that hardly matter beside the strongest."""
    least = _LEAST * max([abs(word.value) for side in words for word in side], default=0.0)
    speaking, against = ([word for word in side if abs(word.value) >= least] for side in words)
    return speaking, against


def _first_is(measured: Measured, *, right: bool) -> np.ndarray:
    """bool ``[n]``: documents with labels, whose first listed label is right, or is not."""
    listed = measured.topk.indices[:, 0] != NO_LABEL
    return listed & (np.diff(measured.corpus.positives.indptr) > 0) & (measured.hits[:, 0] == right)


def _drawn(rows: np.ndarray, seed: int) -> Sequence[int]:
    return np.random.default_rng(seed).permutation(rows).tolist()


def _row(matrix: csr_matrix, row: int) -> list[int]:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
