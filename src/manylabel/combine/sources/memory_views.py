"""What a memory compares documents by: their features, or the vectors of an encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.nearest import NearestRows
from manylabel.combine.nearest_dense import NearestDense, NearestIndex
from manylabel.combine.source import Documents, Known
from manylabel.core.config import Section
from manylabel.core.errors import RunError
from manylabel.core.progress import Advance, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.nn.frozen import FROZEN_ENCODERS
from manylabel.nn.frozen.base import FrozenEncoder

_DOCUMENTS_PER_STAGE = 8192  # encoded between two moments from which an interrupted training goes on
_PROBE = 4  # documents encoded again to see that kept vectors are this encoder's
_ROUNDING = 1e-3


class View(ABC):
    """One way to look at documents, and the index that belongs to it."""

    def prepare(self, documents: Documents, stages: Stages, progress: Progress) -> Documents:
        """Do what is done once for all training documents; see :meth:`Source.prepare`."""
        del stages, progress
        return documents

    @abstractmethod
    def of(self, documents: Documents) -> Any:
        """A row for each document, as :meth:`index` takes and its index finds; None where there is nothing to see."""

    @abstractmethod
    def index(self, rows: Any) -> NearestIndex:
        """An index of rows."""

    def write(self, writer: RunWriter) -> None:
        """Write what :meth:`of` needs beside the documents."""
        del writer

    @abstractmethod
    def restore(self, run: RunDirectory, arrays: Mapping[str, np.ndarray], known: Known) -> NearestIndex:
        """Read what :meth:`write` wrote.

        Args:
            run: it stands there.
            arrays: those of the index.
            known: of the model.

        Returns:
            The index, checked.

        Raises:
            ValueError: the arrays make no index.
        """


class TfidfView(View):
    """The features that all sources share, through an inverted index.

    Args:
        max_share: of :meth:`NearestRows.build`.
    """

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share

    def of(self, documents: Documents) -> csr_matrix:
        """The features; see :meth:`View.of`."""
        return documents.features

    def index(self, rows: Any) -> NearestIndex:
        """An inverted index; see :meth:`View.index`."""
        return NearestRows.build(rows, max_share=self._max_share)

    def restore(self, run: RunDirectory, arrays: Mapping[str, np.ndarray], known: Known) -> NearestIndex:
        """Read the index; see :meth:`View.restore`."""
        index = NearestRows.from_arrays(arrays)
        index.validate(known.n_features)
        return index


class EncoderView(View):
    """The vectors of a frozen encoder, searched exactly.

    Args:
        section: the encoder's configuration.
    """

    def __init__(self, section: Section) -> None:
        self._key = section.model_dump_json()
        self._encoder: FrozenEncoder = FROZEN_ENCODERS.load(section.kind)(section)  # type: ignore[attr-defined]

    def prepare(self, documents: Documents, stages: Stages, progress: Progress) -> Documents:
        """Encode the documents, unless another source with the same encoder has; see :meth:`Source.prepare`.

        Raises:
            RunError: vectors that an interrupted training has kept are not those that the encoder gives now.
        """
        if documents.texts is None:
            return documents
        self._encoder.fit(documents.texts)
        if self._key in documents.vectors:
            return documents
        parts = [np.zeros((0, self._encoder.width), np.float32)]
        with progress.task("encode", len(documents)) as advance:
            for start in range(0, len(documents), _DOCUMENTS_PER_STAGE):
                texts = documents.texts[start : start + _DOCUMENTS_PER_STAGE]
                name = f"vectors{start // _DOCUMENTS_PER_STAGE}"
                parts.append(self._encoded(texts, stages, name, advance))
        return documents.with_vectors(self._key, np.concatenate(parts))

    def of(self, documents: Documents) -> np.ndarray | None:
        """The vectors, encoded now if they were not before; see :meth:`View.of`."""
        if self._key in documents.vectors:
            return documents.vectors[self._key]
        return None if documents.texts is None else self._encoder.encode(documents.texts)

    def _encoded(self, texts: Sequence[str], stages: Stages, name: str, advance: Advance) -> np.ndarray:
        """The vectors of some training documents, as kept or encoded now."""
        if not stages.is_done(name):
            vectors = self._encoder.encode(texts, advance)
            return stages.run(name, lambda: {"vectors": vectors})["vectors"]
        kept, now = stages.run(name, dict)["vectors"], self._encoder.encode(texts[:_PROBE])
        if kept.shape != (len(texts), self._encoder.width) or abs(kept[:_PROBE] - now).max() > _ROUNDING:
            raise RunError("the encoder is not the one that the training began with; pass --overwrite to start anew")
        advance(len(texts))
        return kept

    def index(self, rows: Any) -> NearestIndex:
        """All vectors; see :meth:`View.index`."""
        return NearestDense.build(rows)

    def write(self, writer: RunWriter) -> None:
        """Write the encoder; see :meth:`View.write`."""
        self._encoder.write(writer.within("encoder"))

    def restore(self, run: RunDirectory, arrays: Mapping[str, np.ndarray], known: Known) -> NearestIndex:
        """Read encoder and index; see :meth:`View.restore`."""
        self._encoder.restore(run.within("encoder"))
        index = NearestDense.from_arrays(arrays)
        index.validate(self._encoder.width)
        return index
