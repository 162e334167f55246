"""The candidates of documents: what all sources proposed, once each, with the features that a ranker sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manylabel.combine.label_facts import FACTS, LabelFacts
from manylabel.combine.proposals import Proposals
from manylabel.combine.source import Query, Source

_PLACES = ("rank", "gap")
_SHARED = (*(f"label.{name}" for name in FACTS), "candidate.sources", "document.features")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate labels of n documents.

    Attributes:
        indptr: int64 ``[n + 1]``, where the candidates of each document begin.
        labels: int32, rising within a document.
        features: float32 ``[len(labels), F]``; NaN where a source knows nothing of a candidate.
        names: the F names: ``source.column``, ``source.rank`` (from 0), ``source.gap`` (to the source's best score),
            ``label.*``, ``candidate.sources``, ``document.features``.
        found: bool ``[len(labels), sources]``: which source proposed it.
    """

    indptr: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    names: tuple[str, ...]
    found: np.ndarray

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def rows(self) -> np.ndarray:
        """int64: the document of each candidate."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def without(self, source: str, number: int) -> Candidates:
        """As if a source had been left out: its columns and what it alone proposed are gone.

        Args:
            source: its name.
            number: its position among the sources.
        """
        others = np.delete(self.found, number, axis=1)
        kept = others.any(axis=1)
        columns = [i for i, name in enumerate(self.names) if not name.startswith(f"{source}.")]
        features = self.features[kept][:, columns]
        names = tuple(self.names[i] for i in columns)
        features[:, names.index("candidate.sources")] = others[kept].sum(axis=1)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(self.rows[kept], minlength=len(self)))]).astype(np.int64)
        return Candidates(indptr, self.labels[kept], features, names, others[kept])

    def select(self, documents: np.ndarray) -> Candidates:
        """Those of some documents, in the given order."""
        lengths = np.diff(self.indptr)[documents]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        taken = np.repeat(self.indptr[documents] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Candidates(indptr, self.labels[taken], self.features[taken], self.names, self.found[taken])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file; the names of the features are not among them."""
        return {"indptr": self.indptr, "labels": self.labels, "features": self.features, "found": self.found}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> Candidates:
        """Read what :meth:`to_arrays` gave."""
        return cls(arrays["indptr"], arrays["labels"], arrays["features"], names, arrays["found"])

    @classmethod
    def concatenate(cls, parts: Sequence[Candidates]) -> Candidates:
        """Stack batches of documents."""
        lengths = np.concatenate([np.diff(part.indptr) for part in parts])
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.features for part in parts]),
            parts[0].names,
            np.concatenate([part.found for part in parts]),
        )


def feature_names(sources: Mapping[str, Source]) -> tuple[str, ...]:
    """The names of the features of a candidate, in order."""
    own = [f"{name}.{column}" for name, source in sources.items() for column in (*source.columns, *_PLACES)]
    return (*own, *_SHARED)


def gather(sources: Mapping[str, Source], query: Query, facts: LabelFacts) -> Candidates:
    """Let all sources propose, one after the other, and put together what they know.

    Args:
        sources: by name, in order; each sees what the ones before it proposed.
        query: the documents.
        facts: of the labels.
    """
    proposed: dict[str, Proposals] = {}
    for name, source in sources.items():
        proposed[name] = source.propose(Query(query.documents, dict(proposed), query.training))
    n, n_labels = len(query.documents), len(facts)
    keys = {name: proposals.rows * n_labels + proposals.labels for name, proposals in proposed.items()}
    pairs, where = np.unique(np.concatenate([*keys.values(), np.zeros(0, np.int64)]), return_inverse=True)
    rows, labels = pairs // max(n_labels, 1), (pairs % max(n_labels, 1)).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    names = feature_names(sources)
    features = np.full((len(pairs), len(names)), np.nan, np.float32)
    found = np.zeros((len(pairs), len(sources)), bool)
    column, start = 0, 0
    for number, (name, source) in enumerate(sources.items()):
        proposals = proposed[name]
        places = where[start : start + len(proposals.labels)]
        start += len(proposals.labels)
        width = len(source.columns)
        known = source.complete(Query(query.documents, _before(proposed, name), query.training), indptr, labels)
        if known is not None:
            features[:, column : column + width] = known
        else:
            features[places, column : column + width] = proposals.values
        lengths = np.diff(proposals.indptr)
        features[places, column + width] = np.arange(len(places)) - np.repeat(proposals.indptr[:-1], lengths)
        first = proposals.indptr[:-1][lengths > 0]
        best = np.repeat(proposals.values[first, 0], lengths[lengths > 0])
        features[places, column + width + 1] = best - proposals.values[:, 0]
        found[places, number] = True
        column += width + len(_PLACES)
    features[:, column : column + len(FACTS)] = facts.values[labels]
    features[:, column + len(FACTS)] = found.sum(axis=1)
    features[:, column + len(FACTS) + 1] = np.repeat(np.diff(query.documents.features.indptr), np.diff(indptr))
    return Candidates(indptr, labels, features, names, found)


def _before(proposed: Mapping[str, Proposals], name: str) -> dict[str, Proposals]:
    """The proposals of the sources before one."""
    names = list(proposed)
    return {other: proposed[other] for other in names[: names.index(name)]}
