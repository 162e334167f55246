"""The facts about a data set: how many documents and labels, how long, how uneven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.together import Together, labels_together
from manylabel.metrics.groups import GROUPS, describe, groups_of

_CURVE_POINTS = 200
_LENGTH_BINS = 30


@dataclass(frozen=True)
class Spread:
    """How a number is spread over documents."""

    mean: float
    median: float
    p95: float
    smallest: int
    largest: int

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """Of an int ``[n]`` with at least one value."""
        median, p95 = np.percentile(values, [50, 95])
        return cls(float(values.mean()), float(median), float(p95), int(values.min()), int(values.max()))


@dataclass(frozen=True)
class Histogram:
    """Numbers of documents between edges.

    Attributes:
        edges: ``bins + 1`` values; a bin holds its lower edge, the last one both.
        documents: ``bins`` counts.
    """

    edges: tuple[float, ...]
    documents: tuple[int, ...]


@dataclass(frozen=True)
class PartFacts:
    """One part.

    Attributes:
        documents: number of documents.
        labels: labels that at least one of them has.
        label_pairs: (document, label) pairs.
        label_sets: different label sets.
        labels_per_document: the cardinality.
        characters, words: lengths of texts; words are characters where writing has no spaces.
        empty_texts, without_labels: documents of that kind.
        repeated_texts: documents whose text an earlier one of the part has.
        sizes: documents by number of labels.
        lengths: documents by number of words, on a logarithmic scale.
    """

    documents: int
    labels: int
    label_pairs: int
    label_sets: int
    labels_per_document: Spread
    characters: Spread
    words: Spread
    empty_texts: int
    without_labels: int
    repeated_texts: int
    sizes: Histogram
    lengths: Histogram


@dataclass(frozen=True)
class GroupFacts:
    """Labels by number of training documents.

    Attributes:
        training_documents: what the group holds, in words: ``10-99``.
        labels: number of labels.
        share_of_labels: of all labels of the space.
        share_of_pairs: by part, of its (document, label) pairs.
    """

    training_documents: str
    labels: int
    share_of_labels: float
    share_of_pairs: Mapping[str, float]


@dataclass(frozen=True)
class LabelFacts:
    """The labels, by their training documents.

    Attributes:
        space: number of labels of the space, unused ones included.
        used: with at least one training document.
        most, median: training documents of the most frequent and of the median used label.
        groups: head, torso, tail and unseen.
        mean_imbalance: mean over used labels of the imbalance ratio IRLbl, which is the number of documents of the
            most frequent label divided by that of the label (Charte et al. 2015, MeanIR).
        largest_imbalance: the highest ratio.
        curve: (rank, training documents) of at most 200 used labels, evenly spaced on a logarithmic scale.
    """

    space: int
    used: int
    most: int
    median: float
    groups: Mapping[str, GroupFacts]
    mean_imbalance: float
    largest_imbalance: float
    curve: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Statistics:
    """All facts.

    Attributes:
        parts: by name, ``train`` first.
        labels: by their training documents.
        together: labels that stand together in training documents.
        word: what a word is: ``word`` or ``character``.
    """

    parts: Mapping[str, PartFacts]
    labels: LabelFacts
    together: Together
    word: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def describe_parts(inspected: Inspected) -> Statistics:
    """The facts of all parts."""
    words = np.split(inspected.word_counts, inspected.offsets[1:-1])
    edges = _logarithmic_edges(int(inspected.word_counts.max()))
    parts = {
        name: part_facts(corpus, counts, edges)
        for (name, corpus), counts in zip(inspected.parts.items(), words, strict=True)
    }
    return Statistics(
        parts,
        label_facts(inspected),
        labels_together(inspected.train, inspected.counts[TRAIN], inspected.options.seed),
        "character" if inspected.unspaced else "word",
    )


def part_facts(corpus: Corpus, words: np.ndarray, edges: np.ndarray) -> PartFacts:
    """The facts of a part.

    Args:
        corpus: the part, with at least one document.
        words: int64 ``[n]``, words of each text.
        edges: of the histogram of `words`.
    """
    sizes = np.diff(corpus.positives.indptr)
    characters = np.fromiter(map(len, corpus.texts), np.int64, len(corpus))
    widest = int(sizes.max())
    return PartFacts(
        documents=len(corpus),
        labels=len(np.unique(corpus.positives.indices)),
        label_pairs=int(corpus.positives.nnz),
        label_sets=_label_sets(corpus),
        labels_per_document=Spread.of(sizes),
        characters=Spread.of(characters),
        words=Spread.of(words),
        empty_texts=corpus.empty_texts,
        without_labels=corpus.without_labels,
        repeated_texts=len(corpus) - len(set(corpus.texts)),
        sizes=Histogram(tuple(range(widest + 2)), tuple(np.bincount(sizes, minlength=widest + 1).tolist())),
        lengths=Histogram(tuple(edges.tolist()), tuple(np.histogram(words, edges)[0].tolist())),
    )


def label_facts(inspected: Inspected) -> LabelFacts:
    """The facts of the labels."""
    counts, cuts = inspected.counts[TRAIN], inspected.options.cuts
    group, names = groups_of(counts, cuts), describe(cuts)
    totals = {name: max(int(own.sum()), 1) for name, own in inspected.counts.items()}
    groups = {
        name: GroupFacts(
            names[name],
            int((group == number).sum()),
            float((group == number).mean()),
            {part: float(own[group == number].sum() / totals[part]) for part, own in inspected.counts.items()},
        )
        for number, name in enumerate(GROUPS)
    }
    used = np.sort(counts[counts > 0])[::-1]
    if len(used) == 0:
        return LabelFacts(len(counts), 0, 0, 0.0, groups, 0.0, 0.0, ())
    ratios = used[0] / used
    ranks = np.unique(np.geomspace(1, len(used), _CURVE_POINTS).round().astype(np.int64))
    curve = tuple((int(rank), int(used[rank - 1])) for rank in ranks)
    return LabelFacts(
        len(counts),
        len(used),
        int(used[0]),
        float(np.median(used)),
        groups,
        float(ratios.mean()),
        float(ratios.max()),
        curve,
    )


def _label_sets(corpus: Corpus) -> int:
    """Different label sets, told apart by sums of random 64-bit numbers."""
    numbers = np.random.default_rng(0).integers(0, 2**63, corpus.n_labels, dtype=np.uint64)
    indices, indptr = corpus.positives.indices, corpus.positives.indptr
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers[indices], dtype=np.uint64)])
    return len(np.unique(totals[indptr[1:]] - totals[indptr[:-1]]))


def _logarithmic_edges(largest: int) -> np.ndarray:
    """Edges of bins that are about equally wide on a logarithmic scale, int64; 0 has a bin of its own."""
    return np.unique(np.concatenate([[0], np.geomspace(1, max(largest, 2) + 1, _LENGTH_BINS).round()]).astype(np.int64))
