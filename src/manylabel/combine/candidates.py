"""The candidates of documents: what all sources proposed, once each, with the features that a ranker sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manylabel.combine.label_facts import FACTS, LabelFacts
from manylabel.combine.proposals import Proposals, stack
from manylabel.combine.ragged import take
from manylabel.combine.source import Query, Source
from manylabel.core.compiled import compiled

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
        indptr, taken = take(self.indptr, documents)
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
    documents = query.documents
    asked: dict[str, Query] = {}
    proposed: dict[str, Proposals] = {}
    for name, source in sources.items():
        asked[name] = Query(documents, dict(proposed), query.training)
        proposed[name] = source.propose(asked[name])
    stacked = stack(list(proposed.values()), len(documents))
    indptr, labels, places = _merge(stacked.starts, stacked.labels)
    names = feature_names(sources)
    features = np.full((len(labels), len(names)), np.nan, np.float32)
    found = np.zeros((len(labels), len(sources)), bool)
    column, start, ranks = 0, 0, []
    for name, source in sources.items():
        own = places[start : start + len(proposed[name].labels)]
        start += len(own)
        beside = slice(column, column + len(source.columns))
        known = source.complete(asked[name], indptr, labels)
        if known is not None:
            features[:, beside] = known
        else:
            features[own, beside] = proposed[name].values
        ranks.append(beside.stop)
        column = beside.stop + len(_PLACES)
    _rank(stacked.starts, stacked.scores, places, np.array(ranks, np.int64), features, found)
    features[:, column : column + len(FACTS)] = facts.values[labels]
    features[:, column + len(FACTS)] = found.sum(axis=1)
    features[:, column + len(FACTS) + 1] = np.repeat(np.diff(documents.features.indptr), np.diff(indptr))
    return Candidates(indptr, labels, features, names, found)


@compiled
def _merge(starts: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different labels of each document, rising: where they begin, they, and for each proposal which of them."""
    n_sources, n = starts.shape[0], starts.shape[1] - 1
    indptr = np.zeros(n + 1, np.int64)
    merged, places = np.empty(labels.shape[0], np.int32), np.empty(labels.shape[0], np.int64)
    for i in range(n):
        begin = indptr[i]
        end = begin
        for s in range(n_sources):
            for j in range(starts[s, i], starts[s, i + 1]):
                merged[end] = labels[j]
                end += 1
        several = merged[begin:end]
        several.sort()
        kept = 0
        for j in range(several.shape[0]):
            if j == 0 or several[j] != several[kept - 1]:
                several[kept] = several[j]
                kept += 1
        indptr[i + 1] = begin + kept
        for s in range(n_sources):
            for j in range(starts[s, i], starts[s, i + 1]):
                places[j] = begin + np.searchsorted(several[:kept], labels[j])
    return indptr, merged[: indptr[n]], places


@compiled
def _rank(
    starts: np.ndarray,
    scores: np.ndarray,
    places: np.ndarray,
    columns: np.ndarray,
    features: np.ndarray,
    found: np.ndarray,
) -> None:
    """Enter who proposed a candidate, and at each source's column its rank, and the gap to the best score beside it."""
    for s in range(starts.shape[0]):
        for i in range(starts.shape[1] - 1):
            first = starts[s, i]
            for j in range(first, starts[s, i + 1]):
                found[places[j], s] = True
                features[places[j], columns[s]] = j - first
                features[places[j], columns[s] + 1] = scores[first] - scores[j]
