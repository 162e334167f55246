"""`auto`: looks at the training data, and chooses and configures another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from manylabel.core.capacity import Estimate, available_memory, format_bytes, format_seconds, resident_memory
from manylabel.core.corpus import Corpus
from manylabel.core.errors import NotFittedError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models import MODELS
from manylabel.models.auto_config import AutoConfig
from manylabel.models.base import Inputs, Model
from manylabel.models.explanation import Explanation
from manylabel.text.scripts import mostly_unspaced

_FEW_DOCUMENTS = 100  # with labels; fewer teach a ranker nothing
_PATIENCE = 150.0  # seconds that one training of one versus rest may take: a fused model needs up to five
_SHARE_OF_MEMORY = 0.8
_SAMPLED = 500  # texts whose length is taken


@dataclass(frozen=True)
class Choice:
    """A model and why it was chosen.

    Attributes:
        model: not fitted.
        reasons: one line each.
        estimate: of its training.
    """

    model: Model
    reasons: tuple[str, ...]
    estimate: Estimate


def choose(corpus: Corpus | FeatureCorpus, *, memory: int | None = None) -> Choice:
    """Choose and configure a model for some training data.

    A fused model, whose first source is one versus rest where that trains in two and a half minutes, else a label tree.
    A single linear model where there are too few documents for a ranker, or too little memory for a fused model.

    Args:
        corpus: the training documents.
        memory: bytes that may be used; by default what is free, and what the process holds.
    """
    room = _SHARE_OF_MEMORY * (available_memory() + resident_memory() if memory is None else memory)
    labelled = int((np.diff(corpus.positives.indptr) > 0).sum())
    reasons = _seen(corpus, labelled)
    flat = _new("linear-ovr")
    cost = flat.estimate(corpus)
    fast = cost.seconds <= _PATIENCE
    took = f"one training of one versus rest would take {format_seconds(cost.seconds)}"
    first = "linear-ovr" if fast else "linear-tree"
    reasons.append(f"{took}: {'one versus rest, the most accurate' if fast else 'a label tree'}")
    if labelled < _FEW_DOCUMENTS:
        reasons.append(f"{labelled} documents with labels are too few to learn how to rank: {first} alone")
        return _choice(first, {}, reasons, corpus)
    fused = _choice("fused", {"sources": {"linear": {"model": first}}}, reasons, corpus)
    if fused.estimate.memory_bytes > room:
        needs, has = format_bytes(fused.estimate.memory_bytes), format_bytes(room)
        reasons.append(f"a fused model needs {needs} of memory and {has} may be used: {first} alone")
        return _choice(first, {}, reasons, corpus)
    return fused


def _new(kind: str, **options: Any) -> Model:
    return MODELS.load(kind)(**options)


def _choice(kind: str, options: dict[str, Any], reasons: list[str], corpus: Corpus | FeatureCorpus) -> Choice:
    model = _new(kind, **options)
    return Choice(model, tuple(reasons), model.estimate(corpus))


def _seen(corpus: Corpus | FeatureCorpus, labelled: int) -> list[str]:
    """What there is to learn from, as reasons."""
    counts = np.bincount(corpus.positives.indices, minlength=corpus.n_labels)
    used = int((counts > 0).sum())
    rare = int(((counts > 0) & (counts < 10)).sum())
    line = f"{labelled:,} documents with labels, {used:,} labels in use, {rare:,} of them with fewer than ten documents"
    if isinstance(corpus, FeatureCorpus):
        return [f"{line}; rows of features, so the labels' own texts cannot help"]
    texts = corpus.labels.texts
    described = sum(1 for text in texts if text) if texts is not None else 0
    sample = corpus.texts[:: max(len(corpus) // _SAMPLED, 1)]
    length = int(np.median([len(text) for text in sample]))
    writing = f"texts of about {length:,} characters, " + (
        "written without spaces: features of one and two characters"
        if mostly_unspaced(corpus.texts)
        else "words between spaces: features of words"
    )
    named = "" if described else ", so names stand for them"
    return [f"{line}; {described:,} of {corpus.n_labels:,} labels have a text{named}", writing]


class Auto(Model):
    """Another model, chosen for the training data; see :func:`choose`.

    A run that was trained with `auto` has the chosen model in its configuration.

    Attributes:
        chosen: what was chosen, once it is fitted.
    """

    kind: ClassVar[str] = "auto"
    config: AutoConfig

    def __init__(self, config: AutoConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self.chosen: Choice | None = None

    @property
    def n_features(self) -> int | None:
        """Columns of the rows it takes; see :attr:`Model.n_features`."""
        return None if self.chosen is None else self.chosen.model.n_features

    def settle(self, corpus: Corpus | FeatureCorpus) -> tuple[Model, tuple[str, ...]]:
        """The model chosen for a corpus, and why; see :meth:`Model.settle`."""
        choice = choose(corpus)
        return choice.model, choice.reasons

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Choose a model and train it; see :meth:`Model.fit`."""
        choice = choose(corpus)
        for reason in choice.reasons:
            progress.note(reason)
        choice.model.fit(corpus, stages=stages, progress=progress)
        self.chosen, self._labels = choice, choice.model.labels
        return self

    def predict(self, inputs: Inputs, k: int = 10) -> TopK:
        """The k best labels of each document; see :meth:`Model.predict`."""
        return self._model.predict(inputs, k)

    def explain(self, texts: Sequence[str], k: int = 5, labels: Sequence[str] | None = None) -> list[Explanation]:
        """As the chosen model explains; see :meth:`Model.explain`."""
        return self._model.explain(texts, k, labels)

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time of the model that would be chosen; see :meth:`Model.estimate`."""
        return choose(corpus).estimate

    def save(self, path: Any, *, overwrite: bool = False) -> None:
        """Write a run directory of the chosen model; see :meth:`Model.save`."""
        self._model.save(path, overwrite=overwrite)

    def write(self, writer: RunWriter) -> None:
        """Write the chosen model; see :meth:`Model.write`."""
        self._model.write(writer)

    def restore(self, run: RunDirectory) -> None:
        """No run is of this kind: it holds what was chosen.

        Raises:
            ValueError: always.
        """
        raise ValueError("a run holds the model that `auto` chose, never `auto` itself")

    @property
    def _model(self) -> Model:
        if self.chosen is None:
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit first")
        return self.chosen.model
