"""What is looked at: the parts of a data set over one label space, and what several rules want to know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import TopK
from manylabel.data.inspect.lengths import count_words
from manylabel.data.inspect.options import InspectOptions
from manylabel.data.inspect.twins import Twins, find_twins
from manylabel.data.inspect.wording import label_name
from manylabel.data.inspect.words import Words, sample_words
from manylabel.text.scripts import mostly_unspaced

TRAIN = "train"
_EXCERPT = 90


@dataclass(frozen=True)
class UnseenScores:
    """Scores of training documents by models that did not see them.

    Attributes:
        rows: int64 ``[m]``, training documents, ascending.
        topk: their best labels ``[m, k]``, as indices of the common label space.
        learnt: int64 ``[L]``, documents of each label among those that the models were trained on.
    """

    rows: np.ndarray
    topk: TopK
    learnt: np.ndarray


@dataclass(frozen=True, eq=False)
class Inspected:
    """Parts of a data set, and what rules share. Documents of all parts are numbered one part after the other.

    Attributes:
        parts: by name; the first is called ``train``. All of them are over one label space.
        options: how closely to look.
        scores: what models say of training documents that they did not see; None where none were trained.
        progress: where long work reports.
    """

    parts: Mapping[str, Corpus]
    options: InspectOptions
    scores: UnseenScores | None = None
    progress: Progress = field(default=SILENT, repr=False)

    @classmethod
    def of(
        cls,
        parts: Mapping[str, Corpus],
        options: InspectOptions | None = None,
        scores: UnseenScores | None = None,
        progress: Progress = SILENT,
    ) -> Inspected:
        """Bring parts to one label space: that of training, then the labels that only other parts have.

        Raises:
            ValueError: the first part is not ``train``.
        """
        if next(iter(parts), None) != TRAIN:
            raise ValueError(f"the first part must be called {TRAIN!r}")
        space = parts[TRAIN].labels
        for corpus in parts.values():
            space = space.extended(corpus.labels.names)
        return cls(
            {name: _over(corpus, space) for name, corpus in parts.items()},
            options or InspectOptions(),
            scores,
            progress,
        )

    @property
    def train(self) -> Corpus:
        """The training part."""
        return self.parts[TRAIN]

    @property
    def others(self) -> dict[str, Corpus]:
        """The parts that are not trained on."""
        return {name: corpus for name, corpus in self.parts.items() if name != TRAIN}

    @property
    def labels(self) -> LabelSpace:
        """The common label space."""
        return self.train.labels

    @cached_property
    def counts(self) -> dict[str, np.ndarray]:
        """Documents of each label by part, int64 ``[L]`` each."""
        n = len(self.labels)
        return {
            name: np.bincount(corpus.positives.indices, minlength=n).astype(np.int64)
            for name, corpus in self.parts.items()
        }

    @cached_property
    def texts(self) -> Sequence[str]:
        """The texts of all parts."""
        return [text for corpus in self.parts.values() for text in corpus.texts]

    @cached_property
    def offsets(self) -> np.ndarray:
        """int64 ``[parts + 1]``, the number of the first document of each part, and that of all."""
        return np.concatenate([[0], np.cumsum([len(corpus) for corpus in self.parts.values()])]).astype(np.int64)

    @cached_property
    def positives(self) -> csr_matrix:
        """bool CSR, the label matrices of all parts one below the other."""
        from scipy.sparse import vstack

        return vstack([corpus.positives for corpus in self.parts.values()], format="csr")

    @cached_property
    def unspaced(self) -> bool:
        """Whether most texts are written without spaces between words; then a character stands for a word."""
        return mostly_unspaced(self.train.texts)

    @cached_property
    def word_counts(self) -> np.ndarray:
        """int64, words of each document of all parts."""
        return count_words(self.texts, characters=self.unspaced)

    @cached_property
    def twins(self) -> Twins:
        """Equal and similar texts over all parts."""
        return find_twins(self.texts, self.options.similarity, characters=self.unspaced, progress=self.progress)

    @cached_property
    def words(self) -> Words:
        """The words of a sample of all parts."""
        sizes = [len(corpus) for corpus in self.parts.values()]
        return sample_words(self.texts, sizes, characters=self.unspaced, seed=self.options.seed)

    def part_of(self, row: int) -> tuple[str, int]:
        """Name of the part of a document numbered over all parts, and its number there."""
        position = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return list(self.parts)[position], int(row - self.offsets[position])

    def record(self, row: int, part: str | None = None) -> dict[str, Any]:
        """A document for people, JSON-ready: part, id, beginning of the text, labels.

        Args:
            row: its number, over all parts or in `part`.
            part: name of the part.
        """
        name, own = self.part_of(row) if part is None else (part, int(row))
        corpus = self.parts[name]
        return {
            "part": name,
            "id": corpus.id_of(own),
            "text": excerpt(corpus.texts[own]),
            "labels": [self.label_name(label) for label in corpus.positives[own].indices.tolist()],
        }

    def label_name(self, label: int) -> str:
        """The label as people know it, see :func:`manylabel.data.inspect.wording.label_name`."""
        return label_name(self.labels, label)


def excerpt(text: str, length: int = _EXCERPT) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _over(corpus: Corpus, space: LabelSpace) -> Corpus:
    """The corpus over another space that has all of its labels."""
    old, positives = corpus.labels, corpus.positives
    if list(old.names) != list(space.names[: len(old)]):
        mapping = np.array([space.index(name) for name in old.names], np.int32)
        indices = mapping[positives.indices]
    else:
        indices = positives.indices
    matrix = csr_matrix((positives.data, indices, positives.indptr), shape=(len(corpus), len(space)))
    if indices is not positives.indices:
        matrix.sort_indices()
    return replace(corpus, positives=matrix, labels=space)
