"""Documents with their labels, in memory: texts and a sparse label matrix over a label space."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

UnknownLabels = Literal["keep", "error", "drop"]
"""What to do with a label that a given label space does not have."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document as a format reads or writes it.

    Attributes:
        text: the text; may be empty.
        labels: its labels, in the order of the file; repeated ones count once.
        id: the document's own name, when it has one.
        fields: further fields asked for, for example the one to group a split by.
        line: 1-based line (or row) of the file it came from.
    """

    text: str
    labels: tuple[str, ...] = ()
    id: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, eq=False)
class Corpus:
    """n documents over a label space of L labels.

    Attributes:
        texts: the n texts.
        positives: bool CSR ``[n, L]``, sorted columns, no duplicates: the labels of each document.
        labels: the label space; in a test part it may extend the training space by labels never seen there.
        ids: n document names, or None where the data has none (then a document is known by its position).
        fields: further columns of n strings each, kept on request.
        dropped_labels: how many (document, label) pairs were dropped because the label was unknown.
        source: the file or folder it was read from.
    """

    texts: Sequence[str]
    positives: csr_matrix
    labels: LabelSpace
    ids: Sequence[str] | None = None
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dropped_labels: int = 0
    source: str | None = None

    def __post_init__(self) -> None:
        if self.positives.shape != (len(self.texts), len(self.labels)):
            raise ValueError(
                f"label matrix {self.positives.shape} for {len(self.texts)} texts and {len(self.labels)} labels"
            )
        for name, column in {"id": self.ids, **self.fields}.items():
            if column is not None and len(column) != len(self.texts):
                raise ValueError(f"{len(column)} values of {name!r} for {len(self.texts)} texts")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def n_labels(self) -> int:
        """L, the size of the label space."""
        return len(self.labels)

    @property
    def empty_texts(self) -> int:
        """Number of documents whose text is empty or blank."""
        return sum(1 for text in self.texts if not text.strip())

    @property
    def without_labels(self) -> int:
        """Number of documents that have no label."""
        return int((np.diff(self.positives.indptr) == 0).sum())

    def id_of(self, row: int) -> str:
        """The document's name, or its position where it has none."""
        return self.ids[row] if self.ids is not None else str(row)

    def labels_of(self, row: int) -> list[str]:
        """Names of the labels of one document, in label order."""
        start, end = int(self.positives.indptr[row]), int(self.positives.indptr[row + 1])
        return self.labels.names_of(self.positives.indices[start:end])

    def select(self, rows: np.ndarray | Sequence[int]) -> Corpus:
        """Some of the documents, in the given order, over the same label space."""
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        order: list[int] = chosen.tolist()
        return Corpus(
            texts=[self.texts[i] for i in order],
            positives=self.positives[chosen],
            labels=self.labels,
            ids=None if self.ids is None else [self.ids[i] for i in order],
            fields={name: [column[i] for i in order] for name, column in self.fields.items()},
            source=self.source,
        )

    def digest(self) -> str:
        """SHA-256 of texts and labels in order: recognises the data a run was trained on, wherever it lies."""
        state = hashlib.sha256(self.labels.digest().encode())
        for text in self.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            state.update(len(encoded).to_bytes(8, "little"))
            state.update(encoded)
        state.update(np.ascontiguousarray(self.positives.indptr, dtype=np.int64).tobytes())
        state.update(np.ascontiguousarray(self.positives.indices, dtype=np.int64).tobytes())
        return state.hexdigest()

    @classmethod
    def from_texts(
        cls, texts: Sequence[str], labels: Sequence[Iterable[str]], *, space: LabelSpace | None = None
    ) -> Corpus:
        """A corpus of texts and their label names, for data that is already in memory."""
        if isinstance(texts, str):
            raise InputError("expected a list of texts, got a single string", remedy="pass [text]")
        if len(texts) != len(labels):
            raise InputError(f"{len(texts)} texts but {len(labels)} label sets", remedy="give one label set per text")
        for position, names in enumerate(labels):
            if isinstance(names, str):
                raise InputError(
                    f"document {position}: labels is the string {names!r}", remedy="give a list of labels, not a string"
                )
        documents = [Document(text, tuple(names)) for text, names in zip(texts, labels, strict=True)]
        return cls.from_documents(documents, labels=space)

    @classmethod
    def from_documents(
        cls,
        documents: Iterable[Document],
        *,
        labels: LabelSpace | None = None,
        unknown_labels: UnknownLabels | None = None,
        source: str | None = None,
    ) -> Corpus:
        """Assemble a corpus in one pass.

        Args:
            documents: read once; may be a generator.
            labels: the label space to use; without one, the labels met, in sorted order.
            unknown_labels: what to do with a label outside `labels`: ``keep`` it as an unseen label (columns after
                those of `labels`), raise an ``error``, or ``drop`` it. By default ``error`` for a closed space (one
                from a label file), else ``keep``.
            source: file or folder for messages.

        Raises:
            InputError: an unknown label where that is an error, or an id that occurs twice.
        """
        builder = _Builder(labels, unknown_labels, source)
        for document in documents:
            builder.add(document)
        return builder.finish()

    @classmethod
    def read(cls, path: str | Path, *, labels: LabelSpace | None = None, **options: Any) -> Corpus:
        """Read a file or folder in any known format; see :func:`manylabel.data.reading.read_corpus` for the options."""
        # Readers stand above this room; the door is a name, resolved when it is used, as in a Table.
        return import_module("manylabel.data.reading").read_corpus(path, labels=labels, **options)

    def write(self, path: str | Path, **options: Any) -> None:
        """Write all documents; see :func:`manylabel.data.reading.write_corpus` for the options."""
        import_module("manylabel.data.reading").write_corpus(self, path, **options)


class _Builder:
    """Collects documents into columns; memory in proportion to the texts and the label pairs."""

    def __init__(self, labels: LabelSpace | None, unknown: UnknownLabels | None, source: str | None) -> None:
        self.space = labels
        self.unknown = unknown or ("error" if labels is not None and labels.closed else "keep")
        self.source = source
        self.index: dict[str, int] = {} if labels is None else {name: i for i, name in enumerate(labels.names)}
        self.known = len(self.index)
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.id_lines = array("q")
        # One growing buffer each: an object per document would weigh more than a short text does.
        self.columns, self.lengths = array("i"), array("i")
        self.fields: dict[str, list[str]] = {}
        self.dropped = 0

    def add(self, document: Document) -> None:
        before = len(self.columns)
        for name in document.labels:
            position = self.index.get(name)
            if position is None:
                position = self._unknown(name, document.line)
                if position is None:
                    continue
            self.columns.append(position)
        count = len(self.columns) - before
        if count > 1:
            row = sorted(set(self.columns[before:]))
            self.columns[before:] = array("i", row)
            count = len(row)
        self.lengths.append(count)
        if document.id is not None:
            self.ids.append(document.id)
            self.id_lines.append(document.line or 0)
        for name, value in document.fields.items():
            self.fields.setdefault(name, []).append(value)
        self.texts.append(document.text)

    def _unknown(self, name: str, line: int | None) -> int | None:
        """Position of a label met for the first time, None where it is dropped."""
        if not isinstance(name, str):
            raise InputError(
                f"label {name!r} is of type {type(name).__name__}, not a string",
                path=self.source,
                line=line,
                remedy="turn labels into strings",
            )
        if self.unknown == "drop":
            self.dropped += 1
            return None
        if self.unknown == "error":
            raise InputError(
                f"label {name!r} is not in the label file",
                path=self.source,
                line=line,
                remedy="add it there, or pass --unknown-labels drop",
            )
        return self.index.setdefault(name, len(self.index))

    def _check_ids(self) -> None:
        if self.ids and len(self.ids) != len(self.texts):
            raise InputError(
                f"{len(self.texts) - len(self.ids)} of {len(self.texts)} documents have no id",
                path=self.source,
                remedy="give an id to every document or to none",
            )
        if len(set(self.ids)) == len(self.ids):
            return
        first: dict[str, int] = {}
        for name, line in zip(self.ids, self.id_lines, strict=True):
            if name in first:
                raise InputError(
                    f"id {name!r} occurs twice" + (f", first on line {first[name]}" if first[name] else ""),
                    path=self.source,
                    line=line or None,
                    remedy="make the ids distinct or leave them out",
                )
            first[name] = line

    def finish(self) -> Corpus:
        from scipy.sparse import csr_matrix

        self._check_ids()
        n = len(self.texts)
        for name, column in self.fields.items():
            if len(column) != n:
                raise InputError(f"{n - len(column)} of {n} documents have no field {name!r}", path=self.source)
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.frombuffer(self.lengths, np.int32) if n else [], out=indptr[1:])
        indices = np.frombuffer(self.columns, np.int32) if self.columns else np.zeros(0, np.int32)
        if self.space is None:
            names = sorted(self.index)
            rank = np.empty(len(names), dtype=np.int32)
            rank[[self.index[name] for name in names]] = np.arange(len(names), dtype=np.int32)
            indices, space = rank[indices], LabelSpace(names)
        else:
            space = self.space.extended(sorted(list(self.index)[self.known :]))
            indices = self._in_sorted_order(indices, space)
        positives = csr_matrix((np.ones(len(indices), dtype=bool), indices, indptr), shape=(n, len(space)))
        positives.sort_indices()
        return Corpus(self.texts, positives, space, self.ids or None, self.fields, self.dropped, self.source)

    def _in_sorted_order(self, indices: np.ndarray, space: LabelSpace) -> np.ndarray:
        """Unseen labels were numbered as met; number them as they stand in the extended space."""
        if len(space) == self.known:
            return indices
        mapping = np.arange(len(space), dtype=np.int32)
        for name, position in list(self.index.items())[self.known :]:
            mapping[position] = space.index(name)
        return mapping[indices]
