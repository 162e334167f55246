"""What every format does: recognise, read and write. The options that reading and writing take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.corpus import Document
from manylabel.core.errors import InputError

if TYPE_CHECKING:
    from manylabel.core.labels import LabelSpace
    from manylabel.data.feature_files import FeatureCorpus

TEXT_FIELD = "text"
DEFAULT_LABEL_SEPARATOR = "|"


class ReadOptions(Section):
    """How documents are read. A format refuses an option that it has no use for."""

    text_fields: tuple[str, ...] = Field(
        default=(TEXT_FIELD,),
        min_length=1,
        description="Fields that make up the text, joined by a newline; empty ones are skipped.",
    )
    labels_field: str | None = Field(
        default="labels", description="Field with the labels; null reads texts only, whatever labels there are."
    )
    require_labels: bool = Field(
        default=True, description="Whether every record must have the labels field (which may be an empty list)."
    )
    id_field: str | None = Field(
        default=None, description="Field with the document's own name; by default `id`, else `uid`, where there is one."
    )
    keep_fields: tuple[str, ...] = Field(
        default=(), description="Further fields to keep with each document, for example to group a split by."
    )
    label_separator: str | None = Field(
        default=None,
        min_length=1,
        description="What separates labels within one string; CSV has `|` by default, a list needs none.",
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Between the cells of a CSV row; found out by default."
    )
    part: str = Field(
        default="train",
        min_length=1,
        description="Which part of a folder: train, test, or the name of a split in a hub data set.",
    )


class WriteOptions(Section):
    """How documents are written. A format refuses an option that it has no use for."""

    ids: bool = Field(default=True, description="Write the documents' names; false leaves them out.")
    label_separator: str = Field(
        default=DEFAULT_LABEL_SEPARATOR, min_length=1, description="What separates labels within one CSV cell."
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Between the cells of a row; by default a tab for .tsv, else a comma.",
    )
    part: str = Field(default="train", min_length=1, description="Which part of a folder is written.")


class Format(ABC):
    """One way to keep documents in files.

    What a format can hold reads back as it was written; what it cannot hold it refuses with an
    :class:`~manylabel.core.errors.InputError` while writing, and then leaves nothing behind.
    """

    extensions: ClassVar[tuple[str, ...]] = ()
    """File name endings that belong to this format alone, without that of a compression."""

    read_options: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields of :class:`ReadOptions` that matter to this format."""

    write_options: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields of :class:`WriteOptions` that matter to this format."""

    @abstractmethod
    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the file or folder looks like this format.

        Args:
            path: where it lies.
            head: the first bytes, decompressed, at most 64 KiB; empty for a folder.
        """

    @abstractmethod
    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """The documents in the order of the file, one at a time.

        Raises:
            InputError: bad input, with file, line and remedy.
        """

    @abstractmethod
    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """Write documents one at a time; the file appears complete at the end, or not at all.

        Args:
            documents: read once.
            path: the file or folder.
            options: checked already against `write_options`.
            labels: the label space, for formats that number the labels; without it they are numbered as met.

        Raises:
            InputError: a document that this format cannot hold, or a place that cannot be written.
        """

    def holds_features(self, path: Path) -> bool:
        """Whether what lies there are feature vectors instead of texts."""
        return False

    def read_features(self, path: Path, part: str, *, zero_based: bool) -> FeatureCorpus:
        """The feature vectors and labels of a format that holds these instead of texts.

        Raises:
            InputError: this format holds texts.
        """
        raise InputError("holds texts, not feature vectors", path=path, remedy="read it as documents")

    def write_features(self, corpus: FeatureCorpus, path: Path, *, zero_based: bool) -> None:
        """Write feature vectors and labels.

        Raises:
            InputError: this format holds texts, or cannot hold these labels.
        """
        raise InputError(
            "this format holds texts, not feature vectors", path=path, remedy="choose svmlight or xmc_repository"
        )


class LabelFormat(ABC):
    """One way to keep a label space in a file."""

    extensions: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the file looks like this format; arguments as in :meth:`Format.sniff`."""

    @abstractmethod
    def read(self, path: Path, options: Section) -> LabelSpace:
        """The label space, closed.

        Args:
            path: the file.
            options: the section that the table names for this format.

        Raises:
            InputError: bad input, with file, line and remedy.
        """


def refuse(reason: str, path: Path, number: int, remedy: str) -> NoReturn:
    """Say that a document cannot be held by a format.

    Args:
        reason: what about it, as the predicate of "document N".
        path: the file to be written.
        number: 1-based position of the document among those written.
        remedy: what to do.
    """
    raise InputError(f"cannot be written: document {number} {reason}", path=path, remedy=remedy)
