"""What every model is: fitted on a corpus, predicts top-k, saved as a run directory and loaded from one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import yaml
from scipy.sparse import csr_matrix

import manylabel
from manylabel.core.capacity import Estimate
from manylabel.core.config import Section, did_you_mean, parse_yaml
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError, NotFittedError, RunError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter, write_run
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models import MODELS

if TYPE_CHECKING:
    from manylabel.models.fact_table import FactTable
from manylabel.models.explanation import Explanation

CONFIG_FILE = "config.yaml"
LABELS_FILE = "labels.jsonl"

Inputs = Sequence[str] | csr_matrix
"""What a model scores: texts, or rows of features for a model that was fitted on features."""


class Model(ABC):
    """Base of all models.

    Args:
        config: the model's section; built from `options` when not given.
        **options: fields of the section, for short calls such as ``LinearTree(trees=3)``.

    Raises:
        ConfigError: an unknown or invalid option.
        TypeError: a section of another model, or options beside a section.

    Attributes:
        kind: its name in the table of models.
        less_memory: what to change where the memory does not suffice.
    """

    kind: ClassVar[str]
    less_memory: ClassVar[str] = (
        "keep fewer features with model.features.min_df or max_features, or take a machine with more memory"
    )

    def __init__(self, config: Section | None = None, **options: Any) -> None:
        section = MODELS.section(self.kind)
        if config is not None and not isinstance(config, section):
            raise TypeError(f"expected a {section.__name__}, got {type(config).__name__}")
        if config is not None and options:
            raise TypeError("give either a section or options; section.with_values(...) combines them")
        self.config: Any = config if config is not None else section.parse(options, source=type(self).__name__)
        self._labels: LabelSpace | None = None

    def __repr__(self) -> str:
        changed = self.config.model_dump(exclude_unset=True, exclude={"kind"})
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    @property
    def labels(self) -> LabelSpace:
        """The label space of the scores, with training counts.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        if self._labels is None:
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit first")
        return self._labels

    @property
    def n_features(self) -> int | None:
        """Number of feature columns that :meth:`predict` takes; None for a model that was fitted on texts."""
        return None

    def settle(self, corpus: Corpus | FeatureCorpus) -> tuple[Model, tuple[str, ...]]:
        """The model that is to be trained on a corpus, and why: this one, but where it leaves that to the data."""
        del corpus
        return self, ()

    @abstractmethod
    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on all documents of a corpus.

        Args:
            corpus: texts or features, with their labels.
            stages: where finished stages are kept, so that a second call continues.
            progress: where progress is reported.

        Raises:
            InputError: the corpus has no documents, or no labels at all.
        """

    @abstractmethod
    def predict(self, inputs: Inputs, k: int = 10) -> TopK:
        """The k best labels of each document; rows with fewer candidates are padded.

        Args:
            inputs: texts, or for a model fitted on features their CSR rows ``[n, d]``.
            k: number of labels, at least 1.

        Raises:
            NotFittedError: before :meth:`fit`.
            InputError: inputs of another kind or width than the model was fitted on, or no such k.
        """

    @abstractmethod
    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Memory and time that :meth:`fit` will take on this machine."""

    def explain(self, texts: Sequence[str], k: int = 5, labels: Sequence[str] | None = None) -> list[Explanation]:
        """What the words of texts add to the scores of their labels.

        By default found by occlusion: scores are taken again with words left out, up to about 400 times a text. A
        model that can tell exactly says so in its own way, see :attr:`Explanation.method`.

        Args:
            texts: the texts.
            k: number of best labels to explain.
            labels: names of the labels to explain instead, or their texts.

        Returns:
            One explanation for each text.

        Raises:
            NotFittedError: before :meth:`fit`.
            InputError: a model of feature vectors, a name outside the label space, or a label that the model has no
                score for.
        """
        from manylabel.models.occlusion import explain_by_occlusion

        wanted = self._explicable(texts, labels)
        return [explain_by_occlusion(self, text, at_least_one("k", k), wanted) for text in texts]

    def _explicable(self, texts: Sequence[str], labels: Sequence[str] | None) -> list[int] | None:
        """Indices of labels asked for by name, once it is clear that the model has words to speak of."""
        space = self.labels
        if self.n_features is not None:
            raise InputError("the model was trained on feature vectors: there are no words to explain its scores with")
        if isinstance(texts, str):
            raise InputError("expected a list of texts, got a single string", remedy="pass [text]")
        if labels is None:
            return None
        return [_label_called(name, space) for name in labels]

    def card_sections(self) -> list[str]:
        """Sections in Markdown that the model adds to the card of its run."""
        return [table.markdown() for table in self.fact_tables()]

    def fact_tables(self) -> list[FactTable]:
        """What the model found of itself while it was fitted: for its card, and for the page about its run."""
        return []

    @abstractmethod
    def write(self, writer: RunWriter) -> None:
        """Write the fitted parameters into a run that is being written."""

    @abstractmethod
    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote; the label space is there already."""

    def reopen(self, run: RunDirectory, labels: LabelSpace) -> Self:
        """Read what :meth:`write` wrote, over the label space that it was fitted on.

        Raises:
            KeyError, ValueError, TypeError, IndexError, OverflowError: the arrays do not make such a model.
        """
        self._labels = labels
        self.restore(run)
        return self

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a run directory with nothing but the model.

        Raises:
            NotFittedError: before :meth:`fit`.
            RunError: something lies at `path`, or it cannot be written.
        """
        _ = self.labels
        with write_run(path, overwrite=overwrite) as writer:
            writer.text(CONFIG_FILE, yaml.safe_dump({"model": self.config.model_dump(mode="json")}, sort_keys=False))
            self.write_into(writer)

    def write_into(self, writer: RunWriter) -> None:
        """Write labels and parameters into a run whose ``config.yaml`` is the caller's."""
        writer.info.update({"kind": self.kind, "manylabel": manylabel.__version__, "numpy": np.__version__})
        writer.text(LABELS_FILE, self.labels.to_jsonl())
        self.write(writer)


def load(path: str | Path, *, verify: bool = True) -> Any:
    """Load the model of a run directory.

    Args:
        path: the run.
        verify: compare every file with the SHA-256 in the manifest first.

    Returns:
        The fitted model; its arrays are memory-mapped and read-only.

    Raises:
        RunError: not a run, damaged, or of a model that this version does not know.
    """
    return load_from(RunDirectory.open(path, verify=verify))


def load_from(run: RunDirectory) -> Any:
    """The model of an open run; see :func:`load`."""
    try:
        section = parse_yaml(run.read_text(CONFIG_FILE))["model"]
        kind = section["kind"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise RunError(f"{run.file(CONFIG_FILE)}: names no model: {error}") from None
    if not isinstance(kind, str) or kind not in MODELS:
        raise RunError(f"{run.file(CONFIG_FILE)}: holds a model {kind!r}, unknown to manylabel {manylabel.__version__}")
    config = MODELS.section(kind).parse(section, source=str(run.file(CONFIG_FILE)))
    model: Model = MODELS.load(kind)(config)
    labels = LabelSpace.from_jsonl(run.file(LABELS_FILE))
    try:
        model.reopen(run, labels)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise RunError(f"{run.path}: its arrays do not make a {kind} model: {error}") from None
    return model


def _label_called(name: str, space: LabelSpace) -> int:
    """Index of the label of a name, or of the only one whose text it is."""
    if name in space:
        return space.index(name)
    called = [label for label, text in enumerate(space.texts or ()) if text == name]
    if len(called) != 1:
        raise InputError(f"unknown label{did_you_mean(name, space.names)}")
    return called[0]


def at_least_one(name: str, number: Any) -> int:
    """A number of labels or nodes wanted, as int.

    Raises:
        InputError: it is no whole number, or below 1.
    """
    try:
        whole = index(number)
    except TypeError:
        raise InputError(f"{name} must be a whole number, not {number!r}") from None
    if whole < 1:
        raise InputError(f"{name} must be at least 1, not {whole}")
    return whole
