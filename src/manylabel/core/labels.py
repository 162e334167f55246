"""The label space: the ordered set of all labels, with what is known about each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from manylabel.core.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class LabelSpace:
    """L labels in a fixed order; a label's index is its column in every label matrix and score.

    Attributes:
        names: the L distinct labels, as they stand in the data.
        texts: optional, what a label means (its preferred name or description), None where unknown.
        alternatives: optional, other names of each label.
        parents: optional, names of the direct parents of each label; a parent need not be a label of the space.
        counts: int64 ``[L]``, number of training documents of each label; None before any training.
        n_documents: number of training documents that `counts` was taken over.
        closed: the space was given by a label file, so a label outside it is an error, not an unseen label.
    """

    names: Sequence[str]
    texts: Sequence[str | None] | None = None
    alternatives: Sequence[tuple[str, ...]] | None = None
    parents: Sequence[tuple[str, ...]] | None = None
    counts: np.ndarray | None = None
    n_documents: int | None = None
    closed: bool = False
    _index: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._index.update((name, position) for position, name in enumerate(self.names))
        if len(self._index) != len(self.names):
            raise ValueError("label names must be distinct")
        for optional in (self.texts, self.alternatives, self.parents, self.counts):
            if optional is not None and len(optional) != len(self.names):
                raise ValueError(f"expected one entry for each of the {len(self.names)} labels, got {len(optional)}")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelSpace) and (self is other or list(self.names) == list(other.names))

    __hash__ = None  # type: ignore[assignment]

    def index(self, name: str) -> int:
        """Position of a label.

        Raises:
            KeyError: the label is not in the space.
        """
        return self._index[name]

    def get(self, name: str, default: int = -1) -> int:
        """Position of a label, or `default` where it is not in the space."""
        return self._index.get(name, default)

    def names_of(self, indices: Iterable[int]) -> list[str]:
        """Names of labels given by position."""
        return [self.names[i] for i in indices]

    def text_of(self, index: int) -> str:
        """What the label means, or its name where no text is known."""
        text = self.texts[index] if self.texts is not None else None
        return text if text else self.names[index]

    @cached_property
    def hierarchy(self) -> csr_matrix:
        """bool CSR ``[L, L]``, true at (i, j) where j is a direct parent of i; parents outside are left out."""
        from scipy.sparse import csr_matrix

        found = [[self._index[p] for p in parents if p in self._index] for parents in self.parents or [()] * len(self)]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in found])]).astype(np.int64)
        indices = np.array([j for row in found for j in row], dtype=np.int32)
        matrix = csr_matrix((np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(self), len(self)))
        matrix.sum_duplicates()
        return matrix

    def first(self, n: int) -> LabelSpace:
        """The space of the first n labels."""
        if n == len(self):
            return self
        cut = {
            name: None if getattr(self, name) is None else getattr(self, name)[:n]
            for name in ("names", "texts", "alternatives", "parents", "counts")
        }
        return replace(self, **cut)

    def select(self, kept: np.ndarray) -> LabelSpace:
        """The space of some labels.

        Args:
            kept: their indices, int64, each once.
        """
        rows: list[int] = kept.tolist()
        picked: dict[str, Any] = {
            name: None if getattr(self, name) is None else [getattr(self, name)[row] for row in rows]
            for name in ("names", "texts", "alternatives", "parents")
        }
        return replace(self, **picked, counts=None if self.counts is None else self.counts[kept])

    def joined(self, others: LabelSpace) -> LabelSpace:
        """This space followed by another, with what is known of each label; where counts are known, new ones are 0.

        Raises:
            ValueError: a label is in both.
        """
        more = self.extended(others.names)
        if len(more) != len(self) + len(others):
            both = next(name for name in others.names if name in self)
            raise ValueError(f"the label {both!r} is there already")
        texts, alternatives, parents = (
            None
            if getattr(self, name) is None and getattr(others, name) is None
            else [*(getattr(self, name) or [empty] * len(self)), *(getattr(others, name) or [empty] * len(others))]
            for name, empty in (("texts", None), ("alternatives", ()), ("parents", ()))
        )
        return replace(more, texts=texts, alternatives=alternatives, parents=parents)

    def extended(self, names: Iterable[str]) -> LabelSpace:
        """This space followed by the labels of `names` that are not in it: indices of old labels stay as they are.

        The new labels have no text, no parents and, where counts are known, a count of zero.
        """
        new = [name for name in dict.fromkeys(names) if name not in self._index]
        if not new:
            return self
        more = len(new)
        return LabelSpace(
            names=[*self.names, *new],
            texts=None if self.texts is None else [*self.texts, *[None] * more],
            alternatives=None if self.alternatives is None else [*self.alternatives, *[()] * more],
            parents=None if self.parents is None else [*self.parents, *[()] * more],
            counts=None if self.counts is None else np.concatenate([self.counts, np.zeros(more, np.int64)]),
            n_documents=self.n_documents,
            closed=self.closed,
        )

    def with_counts(self, positives: csr_matrix) -> LabelSpace:
        """The same labels with the numbers of training documents of a label matrix ``[n, L]``."""
        counts = np.bincount(positives.indices, minlength=len(self)).astype(np.int64)
        return replace(self, counts=counts, n_documents=int(positives.shape[0]))

    def digest(self) -> str:
        """SHA-256 of the names in order: two spaces with the same digest index the same labels."""
        state = hashlib.sha256()
        for name in self.names:
            encoded = name.encode("utf-8", "surrogatepass")
            state.update(len(encoded).to_bytes(8, "little"))
            state.update(encoded)
        return state.hexdigest()

    # -- JSON Lines -------------------------------------------------------------------------------------------------

    def records(self) -> Iterator[dict[str, Any]]:
        """One JSON-serialisable object per label: ``label`` and, where known, ``text alt parents documents``."""
        for i, name in enumerate(self.names):
            record: dict[str, Any] = {"label": name}
            if self.texts is not None and self.texts[i]:
                record["text"] = self.texts[i]
            if self.alternatives is not None and self.alternatives[i]:
                record["alt"] = list(self.alternatives[i])
            if self.parents is not None and self.parents[i]:
                record["parents"] = list(self.parents[i])
            if self.counts is not None:
                record["documents"] = int(self.counts[i])
            yield record

    def to_jsonl(self) -> str:
        """The whole space as JSON Lines; a first line without ``label`` carries what belongs to no single label."""
        head = {"labels": len(self), "documents": self.n_documents, "closed": self.closed}
        lines = [json.dumps(head, ensure_ascii=False)]
        lines.extend(json.dumps(record, ensure_ascii=False) for record in self.records())
        # UTF-8 has no lone surrogates, JSON has an escape for them.
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", "\n".join(lines)) + "\n"

    @classmethod
    def from_jsonl(cls, path: str | Path) -> LabelSpace:
        """Read what :meth:`to_jsonl` wrote (the ``labels.jsonl`` of a run directory).

        Raises:
            InputError: the file is not what it should be.
        """
        path = Path(path)
        try:
            with path.open(encoding="utf-8") as file:
                head = json.loads(next(file))
                records = [_checked(json.loads(line)) for line in file]
            if len(records) != head["labels"]:
                raise InputError(f"holds {len(records)} labels, announces {head['labels']}", path=path)
            if head["documents"] is not None and not _is_count(head["documents"]):
                raise ValueError("the number of documents is no number")
            return replace(cls.from_records(records, closed=head["closed"] is True), n_documents=head["documents"])
        except (StopIteration, KeyError, TypeError, ValueError, RecursionError) as error:
            raise InputError(f"is not a label file of a run: {error}", path=path) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None

    @classmethod
    def from_records(cls, records: Sequence[dict[str, Any]], *, closed: bool = False) -> LabelSpace:
        """Assemble a space from objects as :meth:`records` gives them; absent columns stay None."""
        has = {key for record in records for key in record}
        return cls(
            names=[record["label"] for record in records],
            texts=[record.get("text") for record in records] if "text" in has else None,
            alternatives=[tuple(record.get("alt") or ()) for record in records] if "alt" in has else None,
            parents=[tuple(record.get("parents") or ()) for record in records] if "parents" in has else None,
            counts=np.array([record["documents"] for record in records], np.int64) if "documents" in has else None,
            closed=closed,
        )


def _checked(record: Any) -> dict[str, Any]:
    """A record of :meth:`LabelSpace.to_jsonl`, or a ValueError for what only looks like one."""
    if not isinstance(record, dict) or not isinstance(record.get("label"), str):
        raise ValueError("a line holds no label")
    for key in ("alt", "parents"):
        names = record.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{key} of {record['label']!r} is no list of names")
    if not isinstance(record.get("text", ""), str) or not _is_count(record.get("documents", 0)):
        raise ValueError(f"text or documents of {record['label']!r} is of the wrong type")
    return record


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
