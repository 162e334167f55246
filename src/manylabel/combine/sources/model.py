"""The best labels of any model."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.proposals import Proposals
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.data.feature_files import FeatureCorpus


class ModelConfig(Protocol):
    """What the source asks of its configuration section."""

    candidates: int

    @property
    def takes_features(self) -> bool:
        """Whether the model is given the features that all sources share; otherwise it is given texts."""
        ...

    def new_model(self) -> Any:
        """The model, not yet fitted."""
        ...


class ModelSource(Source):
    """The best labels of a model with their scores. The model is trained on the documents like any other."""

    columns: ClassVar[tuple[str, ...]] = ("score",)

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.model: Any = config.new_model()

    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """Train the model; see :meth:`Source.fit`."""
        self.model.fit(self._corpus(documents, positives, labels), stages=stages, progress=progress)
        return self

    def propose(self, query: Query) -> Proposals:
        """Its best labels; see :meth:`Source.propose`."""
        inputs = query.documents.features if self._shares(query.documents) else query.documents.texts
        return Proposals.from_topk(self.model.predict(inputs, self.config.candidates))

    def write(self, writer: RunWriter) -> None:
        """Write the model; see :meth:`Source.write`."""
        self.model.write(writer)

    def restore(self, run: RunDirectory, known: Known) -> None:
        """Read the model, which knows the labels it was trained on; see :meth:`Source.restore`."""
        self.model.reopen(run, known.labels.first(known.trained))

    def _shares(self, documents: Documents) -> bool:
        return self.config.takes_features or documents.texts is None

    def _corpus(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> Corpus | FeatureCorpus:
        if self._shares(documents):
            return FeatureCorpus(documents.features, positives, labels)
        assert documents.texts is not None
        return Corpus(documents.texts, csr_matrix(positives, dtype=np.bool_), labels)
