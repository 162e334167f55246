"""The data of a run: what the section ``data`` names, read for training, testing or prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.data.feature_files import FeatureCorpus, holds_features, read_features
from manylabel.data.formats import FORMATS
from manylabel.data.formats.sniffing import find_format
from manylabel.data.reading import flows, format_of_texts, read_corpus, read_labels, read_texts
from manylabel.runs.data_config import DataConfig

if TYPE_CHECKING:
    from manylabel.models.base import Inputs

AnyCorpus = Corpus | FeatureCorpus

_TEXT_OPTIONS = ("text_fields", "labels_field", "id_field", "label_separator", "delimiter")
_BATCH_DOCUMENTS = 4096
_BATCH_CHARACTERS = 16_000_000


@dataclass(frozen=True)
class Source:
    """One file or folder with the way to read it.

    Attributes:
        path: where it lies; ``-`` is standard input.
        data: the options.
        part: which part of a folder.
        given: options that were asked for with this very source; the others come from the training of a model and are
            left out where the format has no use for them. None means all.
    """

    path: str
    data: DataConfig
    part: str
    given: Collection[str] | None = None

    @classmethod
    def train(cls, data: DataConfig) -> Source:
        """The training part."""
        return cls(data.train, data, data.train_part)

    @classmethod
    def test(cls, data: DataConfig) -> Source:
        """The test part, which must be there."""
        assert data.test is not None
        return cls(data.test, data, data.test_part)

    @classmethod
    def validation(cls, data: DataConfig) -> Source:
        """The validation part, which must be there; in a folder it is called validation."""
        assert data.validation is not None
        return cls(data.validation, data, "validation" if Path(data.validation).is_dir() else data.test_part)

    @property
    def format(self) -> str | None:
        """Name of the format; None for standard input where none was named."""
        return self.data.format or (None if flows(Path(self.path)) else find_format(Path(self.path)))

    @property
    def holds_features(self) -> bool:
        """Whether these are feature vectors instead of texts."""
        return not flows(Path(self.path)) and holds_features(self.path, self.data.format)

    def text_options(self) -> dict[str, Any]:
        """Options for reading texts: all that differ from the defaults and are asked for here, or that fit."""
        if self.data.zero_based and self._asked("zero_based"):
            raise ConfigError(f"data.zero_based: {self.path} holds texts, not LIBSVM feature vectors")
        options = {name: getattr(self.data, name) for name in self._deviating()}
        if self.part != "train" and (Path(self.path).is_dir() or self.part != "test"):
            options["part"] = self.part
        name = self.format
        if name is None or self.given is None:
            return options
        honoured = FORMATS.load(name)().read_options
        fits = {"labels_field": "require_labels"}  # formats with named fields are those that can miss one
        return {key: value for key, value in options.items() if self._asked(key) or fits.get(key, key) in honoured}

    def feature_options(self) -> dict[str, Any]:
        """Options for reading feature vectors.

        Raises:
            ConfigError: an option that only texts have use for.
        """
        for name in self._deviating():
            if self._asked(name):
                raise ConfigError(f"data.{name}: {self.path} holds feature vectors, not texts")
        zero_based = self.data.zero_based and self.format == "svmlight"
        if self.data.zero_based and not zero_based and self._asked("zero_based"):
            raise ConfigError(f"data.zero_based: {self.path} is no LIBSVM file")
        return {"format": self.data.format, "part": self.part, "zero_based": zero_based}

    def _deviating(self) -> list[str]:
        fields = DataConfig.model_fields
        return [name for name in _TEXT_OPTIONS if getattr(self.data, name) != fields[name].default]

    def _asked(self, name: str) -> bool:
        return self.given is None or name in self.given


def read_training(data: DataConfig, progress: Progress = SILENT) -> AnyCorpus:
    """The training part, over the labels of the label file where there is one.

    Raises:
        InputError: bad input, with file, line and remedy.
        ConfigError: options that the data has no use for.
    """
    labels = None
    if data.labels is not None:
        labels = read_labels(data.labels.path, data.labels.format, **data.labels.options())
    return _read(Source.train(data), labels, None, progress)


def read_test(source: Source, labels: LabelSpace, n_features: int | None, progress: Progress = SILENT) -> AnyCorpus:
    """A test part for a model.

    Args:
        source: what to read.
        labels: the label space of the model, or of the training part.
        n_features: number of feature columns the model knows; None for a model of texts.
        progress: counts documents.

    Raises:
        InputError: bad input, or texts for a model of feature vectors and the other way round.
        ConfigError: options that the data has no use for.
    """
    _check_kind(source, n_features)
    return _read(source, labels, n_features, progress)


def read_inputs(source: Source, n_features: int | None) -> Iterator[tuple[list[str], Inputs]]:
    """Documents to predict for, without their labels, in batches: their names and what a model takes.

    A document without a name is called by its position, from 0. Texts are never all in memory; feature vectors are.

    Raises:
        InputError: as for :func:`read_test`; some of it only while batches are taken.
        ConfigError: options that the data has no use for.
    """
    if source.data.format is None:
        named = source.data.with_values(format=format_of_texts(Path(source.path)))
        source = replace(source, data=named)
    _check_kind(source, n_features)
    if n_features is not None:
        corpus = read_features(source.path, n_features=n_features, require_labels=False, **source.feature_options())
        for start in range(0, len(corpus), _BATCH_DOCUMENTS):
            stop = min(start + _BATCH_DOCUMENTS, len(corpus))
            yield [str(row) for row in range(start, stop)], corpus.features[start:stop]
        return
    options = source.text_options()
    options.pop("labels_field", None)
    ids: list[str] = []
    texts: list[str] = []
    characters = 0
    for position, document in enumerate(read_texts(source.path, source.data.format, **options)):
        ids.append(document.id if document.id is not None else str(position))
        texts.append(document.text)
        characters += len(document.text)
        if len(texts) >= _BATCH_DOCUMENTS or characters >= _BATCH_CHARACTERS:
            yield ids, texts
            ids, texts, characters = [], [], 0
    if texts:
        yield ids, texts


def describe(corpus: AnyCorpus) -> str:
    """One line on what was read, with everything that may surprise."""
    parts = [f"{len(corpus):,} documents", f"{corpus.positives.nnz:,} labels given"]
    for count, what in (
        (corpus.without_labels, "without labels"),
        (0 if isinstance(corpus, FeatureCorpus) else corpus.empty_texts, "with empty text"),
        (corpus.without_features if isinstance(corpus, FeatureCorpus) else 0, "with an empty vector"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    if corpus.dropped_labels:
        parts.append(f"{corpus.dropped_labels:,} unknown labels dropped")
    return f"{corpus.source}: {', '.join(parts)}"


def _check_kind(source: Source, n_features: int | None) -> None:
    if source.holds_features and n_features is None:
        raise ConfigError(f"{source.path}: holds feature vectors, but the model was trained on texts")
    if not source.holds_features and n_features is not None:
        raise ConfigError(f"{source.path}: holds texts, but the model was trained on {n_features} features")


def _read(source: Source, labels: LabelSpace | None, n_features: int | None, progress: Progress) -> AnyCorpus:
    unknown = None if labels is None else source.data.unknown_labels  # no label is unknown where all are new
    if source.holds_features:
        options = source.feature_options()
        return read_features(source.path, labels=labels, unknown_labels=unknown, n_features=n_features, **options)
    return read_corpus(
        source.path,
        labels=labels,
        unknown_labels=unknown,
        format=source.data.format,
        progress=progress,
        **source.text_options(),
    )
