"""Labels whose names stand in the document, word for word or by their stems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.proposals import Proposals
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.combine.sources.phrase_book import PhraseBook
from manylabel.combine.sources.phrases_config import PhrasesConfig
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.text.stemming import guess_language

_FILE, _FACTS = "phrases.safetensors", "phrases.json"
_NO_TEXTS = "the documents are rows of features without texts"
_OFTEN = 3  # documents from which on a word is worth the time that its stem takes
_CAUTION = 2.0  # documents with the name and without the label that every label is given beforehand


class PhraseSource(Source):
    """The labels whose names occur in a document, as subject indexers find them.

    A name matches where its words stand side by side in the text, or words with the same stems that three training
    documents have. A label's score is the number of words of its longest match and a tenth for each match (nine at
    most). Beside it stand the matches word for word and those by stems, where the first one begins (as a share of the
    text), how many labels go by that name, and how often training documents with one of the label's names had the
    label: ``with label / (with name + 2)`` (the keyphraseness of Maui, Medelyan 2009).
    """

    columns: ClassVar[tuple[str, ...]] = ("score", "exact", "stemmed", "position", "namesakes", "usage")

    def __init__(self, config: PhrasesConfig) -> None:
        self.config = config
        self._book: PhraseBook | None = None
        self._usage = np.zeros(0, np.float32)
        self._language: str | None = None

    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """List the names, and count how they are used; see :meth:`Source.fit`."""
        self._usage = np.zeros(len(labels), np.float32)
        if documents.texts is None or documents.tfidf is None:
            self._book = None
            return self
        counts = np.bincount(documents.features.indices, minlength=documents.features.shape[1])
        words = documents.tfidf.vocabulary
        self._language = self._settle_language(words, counts / max(len(documents), 1))
        often = [words[column] for column in np.flatnonzero(counts >= _OFTEN).tolist()]
        self._book = self._list_names(labels, often, characters=documents.tfidf.resolved.analyzer != "word")
        found, truth = self._book.find(documents.texts), csr_matrix(positives, dtype=np.float32)
        named = csr_matrix((np.ones(len(found.labels), np.float32), (found.rows, found.labels)), shape=truth.shape)
        named.data[:] = 1.0
        with_name = np.asarray(named.sum(axis=0)).ravel()
        with_both = np.asarray(named.multiply(truth).sum(axis=0)).ravel()
        self._usage = (with_both / (with_name + _CAUTION)).astype(np.float32)
        return self

    def propose(self, query: Query) -> Proposals:
        """The labels named; see :meth:`Source.propose`."""
        n = len(query.documents)
        if self._book is None or query.documents.texts is None:
            return Proposals.none(n, len(self.columns))
        found = self._book.find(query.documents.texts)
        score = found.words + np.minimum(found.exact + found.stemmed, 9) / 10
        order = np.lexsort((found.labels, -score, found.rows))
        lengths = np.bincount(found.rows, minlength=n)
        place = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        order = order[place < self.config.candidates]
        columns = [score, found.exact, found.stemmed, found.position, found.namesakes, self._usage[found.labels]]
        indptr = np.concatenate([[0], np.cumsum(np.minimum(lengths, self.config.candidates))]).astype(np.int64)
        return Proposals(indptr, found.labels[order], np.column_stack(columns)[order].astype(np.float32))

    @property
    def idle(self) -> str | None:
        """Why it has nothing to propose; see :attr:`Source.idle`."""
        return _NO_TEXTS if self._book is None else None

    def write(self, writer: RunWriter) -> None:
        """Write names and usage; see :meth:`Source.write`."""
        arrays: dict[str, np.ndarray] = {"usage": self._usage}
        if self._book is not None:
            arrays.update(self._book.to_arrays())
        writer.arrays(_FILE, arrays)
        writer.json(_FACTS, {"language": self._language})

    def extend(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> None:
        """List the names of more labels; see :meth:`Source.extend`."""
        if self._book is None:
            return
        self._usage = np.concatenate([self._usage, np.zeros(len(labels) - len(self._usage), np.float32)])
        self._book = self._list_names(labels, self._book.tokens.terms(), characters=self._book.characters)

    def restore(self, run: RunDirectory, known: Known) -> None:
        """Read names and usage; see :meth:`Source.restore`."""
        labels = known.labels
        arrays: Mapping[str, np.ndarray] = run.read_arrays(_FILE)
        self._usage = arrays["usage"]
        if self._usage.shape != (len(labels),):
            raise ValueError("the usage of names has the wrong shape")
        self._book = PhraseBook.from_arrays(arrays, len(labels)) if "stems" in arrays else None
        self._language = run.read_json(_FACTS)["language"]

    def _list_names(self, labels: LabelSpace, known: Sequence[str], *, characters: bool) -> PhraseBook:
        return PhraseBook.of(labels, known, longest=self.config.words, language=self._language, characters=characters)

    def _settle_language(self, words: Sequence[str], shares: np.ndarray) -> str | None:
        if self.config.stemming == "auto":
            return guess_language(dict(zip(words, shares.tolist(), strict=True)))
        return None if self.config.stemming == "none" else self.config.stemming
