"""Documents, corpora and label files from and to disk, in any format of the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from manylabel.core.config import Section
from manylabel.core.corpus import Corpus, Document, UnknownLabels
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Advance, Progress
from manylabel.data.formats import FORMATS, LABEL_FORMATS
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions
from manylabel.data.formats.sniffing import find_format, find_label_format, format_for_writing
from manylabel.data.formats.streams import STDIN, extension_of

_STEP = 4096  # documents between two reports of progress


def read_documents(path: str | Path, format: str | None = None, **options: Any) -> Iterator[Document]:  # noqa: A002
    """The documents of a file or folder, one at a time, in its order.

    Args:
        path: the file or folder; ``-`` is standard input, which, like a pipe, needs `format`.
        format: a name of the table of formats; by default found out from the name, then from the content.
        **options: fields of :class:`manylabel.data.formats.base.ReadOptions`.

    Raises:
        InputError: bad input, with file, line and remedy; some of it only while the documents are taken.
        ConfigError: unknown or unsuitable options.
        MissingExtraError: a format or compression whose library is not installed.
    """
    chosen = ReadOptions.parse(options, source="read options")
    path = Path(path)
    if format is None:
        if flows(path):
            raise ConfigError(f"standard input or a pipe needs a named format: {', '.join(FORMATS)}")
        format = find_format(path)  # noqa: A001
    reader: Format = FORMATS.load(format)()
    _check_options(chosen, reader.read_options, format)
    return _some(reader.read(path, chosen), path)


def read_texts(path: str | Path, format: str | None = None, **options: Any) -> Iterator[Document]:  # noqa: A002
    """The documents of a file or folder without their labels, which need not be there: what prediction reads.

    A ``.txt`` file, standard input (``-``) and a pipe have one text a line unless `format` says otherwise.

    Args:
        path: the file or folder.
        format: as for :func:`read_documents`.
        **options: as for :func:`read_documents`.

    Raises:
        InputError: as :func:`read_documents`, and for a ``.txt`` file that looks like LibMultiLabel text.
    """
    if format is None:
        format = format_of_texts(Path(path))  # noqa: A001
    return read_documents(path, format, **{**options, "labels_field": None, "require_labels": False})


def read_corpus(
    path: str | Path,
    *,
    labels: LabelSpace | None = None,
    format: str | None = None,  # noqa: A002
    unknown_labels: UnknownLabels | None = None,
    require_labels: bool = True,
    progress: Progress = SILENT,
    **options: Any,
) -> Corpus:
    """Read a corpus: all documents of a file or folder with their labels.

    Documents with empty text or without labels are kept; the corpus counts them.

    Args:
        path: the file or folder.
        labels: the label space, of a label file or of the training part; without one, the labels met.
        format: as for :func:`read_documents`.
        unknown_labels: as for :meth:`manylabel.core.corpus.Corpus.from_documents`.
        require_labels: refuse data without any label.
        progress: counts documents.
        **options: as for :func:`read_documents`.

    Raises:
        InputError: bad input, an unknown label where that is an error, an id that occurs twice, or no labels at all.
    """
    documents = read_documents(path, format, require_labels=require_labels, **options)
    with progress.task("reading", 0) as advance:
        corpus = Corpus.from_documents(
            _reported(documents, advance), labels=labels, unknown_labels=unknown_labels, source=str(path)
        )
    if require_labels and corpus.positives.nnz == 0:
        dropped = f": all {corpus.dropped_labels} were unknown and dropped" if corpus.dropped_labels else ""
        raise InputError(f"no document has a label{dropped}", path=path, remedy="is labels_field the right field?")
    return corpus


def write_documents(
    documents: Iterable[Document],
    path: str | Path,
    format: str | None = None,  # noqa: A002
    *,
    labels: LabelSpace | None = None,
    **options: Any,
) -> None:
    """Write documents one at a time; the file appears complete, or not at all.

    Args:
        documents: read once.
        path: the file or folder; an ending ``.gz``, ``.bz2``, ``.xz`` or ``.zst`` compresses text formats.
        format: a name of the table of formats; by default by the ending, JSON Lines where it says nothing.
        labels: the label space, for formats that number the labels.
        **options: fields of :class:`manylabel.data.formats.base.WriteOptions`.

    Raises:
        InputError: no documents, a document that the format cannot hold, or a place that cannot be written.
        ConfigError: unknown or unsuitable options.
    """
    path = Path(path)
    chosen = WriteOptions.parse(options, source="write options")
    name = format or format_for_writing(path)
    writer: Format = FORMATS.load(name)()
    _check_options(chosen, writer.write_options, name)
    writer.write(_some(documents, path), path, chosen, labels)


def write_corpus(corpus: Corpus, path: str | Path, format: str | None = None, **options: Any) -> None:  # noqa: A002
    """Write all documents of a corpus; arguments and errors as for :func:`write_documents`."""
    write_documents(_documents_of(corpus), path, format, labels=corpus.labels, **options)


def convert(
    source: str | Path,
    target: str | Path,
    *,
    source_format: str | None = None,
    target_format: str | None = None,
    labels: LabelSpace | None = None,
    unknown_labels: UnknownLabels | None = None,
    read: Mapping[str, Any] | None = None,
    write: Mapping[str, Any] | None = None,
    progress: Progress = SILENT,
) -> int:
    """Bring documents from one format into another, one at a time; the target appears complete, or not at all.

    Only what a :class:`~manylabel.core.corpus.Document` holds comes along: text, labels, id, and the fields named by
    the read option `keep_fields`. Feature vectors are converted as a whole.

    Args:
        source: a file or folder.
        target: a file or folder.
        source_format: as for :func:`read_documents`.
        target_format: as for :func:`write_documents`.
        labels: the label space that the labels must be of; formats that number the labels do it in its order.
        unknown_labels: as for :meth:`manylabel.core.corpus.Corpus.from_documents`.
        read: fields of :class:`manylabel.data.formats.base.ReadOptions`; for feature vectors ``part`` and
            ``zero_based``.
        write: fields of :class:`manylabel.data.formats.base.WriteOptions`; for feature vectors ``zero_based``.
        progress: counts documents.

    Returns: the number of documents.

    Raises:
        InputError: bad input, an id that occurs twice, an unknown label where that is an error, or documents that the
            target's format cannot hold.
        ConfigError: unknown or unsuitable options.
    """
    from manylabel.data.feature_files import holds_features, read_features, write_features

    location = Path(source)
    reading, writing = dict(read or {}), dict(write or {})
    if not flows(location):
        source_format = source_format or find_format(location)
        if holds_features(location, source_format):
            for name in (set(reading) - {"part", "zero_based"}) | (set(writing) - {"zero_based"}):
                raise ConfigError(f"{source}: feature vectors have no use for the option {name}")
            corpus = read_features(
                location, source_format, labels=labels, unknown_labels=unknown_labels, require_labels=False, **reading
            )
            write_features(corpus, target, target_format, **writing)
            return len(corpus)
    unknown = unknown_labels or ("error" if labels is not None and labels.closed else "keep")
    checked = _Checked(read_documents(source, source_format, **reading), str(source), labels, unknown)
    with progress.task("converting", 0) as advance:
        write_documents(_reported(checked, advance), target, target_format, labels=labels, **writing)
    return checked.n


def read_labels(path: str | Path, format: str | None = None, **options: Any) -> LabelSpace:  # noqa: A002
    """Read a label file: the closed space of all labels, with text, alternative names and parents where it has them.

    Args:
        path: the file.
        format: a name of the table of label formats; by default found out.
        **options: fields of the format's section, for example ``names`` and ``language`` for SKOS.

    Raises:
        InputError: bad input, with file, line and remedy.
        ConfigError: unknown options.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError("is a directory, expected a label file", path=path, remedy="name a file in it")
    name = format or find_label_format(path)
    section: type[Section] = LABEL_FORMATS.section(name)
    return LABEL_FORMATS.load(name)().read(path, section.parse(options, source="label options"))


def write_labels(labels: LabelSpace, path: str | Path) -> None:
    """Write a label file as JSON Lines; it appears complete, or not at all.

    Raises:
        InputError: the place cannot be written.
    """
    from manylabel.data.formats.label_jsonl import write_label_jsonl

    write_label_jsonl(labels, Path(path))


class _Checked:
    """Passes documents on, counts them, and watches over their ids and labels."""

    def __init__(
        self, documents: Iterator[Document], source: str, labels: LabelSpace | None, unknown: UnknownLabels
    ) -> None:
        self._documents, self._source, self.n = documents, source, 0
        self._labels, self._unknown = labels if unknown != "keep" else None, unknown

    def __iter__(self) -> Iterator[Document]:
        ids: set[str] = set()
        for document in self._documents:
            if document.id is not None:
                if document.id in ids:
                    raise InputError(
                        f"id {document.id!r} occurs twice",
                        path=self._source,
                        line=document.line,
                        remedy="make the ids distinct or leave them out",
                    )
                ids.add(document.id)
            self.n += 1
            yield document if self._labels is None else self._known(document, self._labels)

    def _known(self, document: Document, labels: LabelSpace) -> Document:
        outside = [name for name in document.labels if name not in labels]
        if not outside:
            return document
        if self._unknown == "error":
            raise InputError(
                f"label {outside[0]!r} is not in the label file",
                path=self._source,
                line=document.line,
                remedy="add it there, or drop unknown labels",
            )
        return replace(document, labels=tuple(name for name in document.labels if name in labels))


def flows(path: Path) -> bool:
    """Whether a source can be read only once, so that looking at its beginning would lose it."""
    return str(path) == STDIN or path.is_fifo() or path.is_char_device()


def _some(documents: Iterable[Document], path: Path) -> Iterator[Document]:
    empty = True
    for document in documents:
        empty = False
        yield document
    if empty:
        raise InputError("no documents", path=path, remedy="expected at least one")


def _documents_of(corpus: Corpus) -> Iterator[Document]:
    fields = corpus.fields
    for row, text in enumerate(corpus.texts):
        yield Document(
            text,
            tuple(corpus.labels_of(row)),
            corpus.ids[row] if corpus.ids is not None else None,
            {name: column[row] for name, column in fields.items()},
        )


def _reported(documents: Iterable[Document], advance: Advance) -> Iterator[Document]:
    """The same documents, counted in steps while they pass."""
    waiting = 0
    for document in documents:
        waiting += 1
        if waiting == _STEP:
            advance(waiting)
            waiting = 0
        yield document
    advance(waiting)


def format_of_texts(path: Path) -> str:
    """The format that :func:`read_texts` takes where none is named.

    Raises:
        InputError: missing, empty, or a ``.txt`` file that looks like LibMultiLabel text.
    """
    if flows(path):
        return "text"
    if path.is_dir() or extension_of(path) not in ("txt", ""):
        return find_format(path)
    try:
        found = find_format(path)
    except InputError as error:
        if "not recognised" not in str(error):
            raise
        return "text"
    if found == "libmultilabel":
        raise InputError(
            "could be LibMultiLabel text (every line has as many tabs), or one text a line",
            path=path,
            remedy="name the format: libmultilabel or text",
        )
    return found


def _check_options(options: Section, honoured: Iterable[str], format: str) -> None:  # noqa: A002
    """Refuse options that a format would ignore."""
    known = set(honoured)
    for name in sorted(options.model_fields_set):
        value = getattr(options, name)
        if value == type(options).model_fields[name].default or name == "require_labels":
            continue  # what is so anyway, and a promise that formats with a fixed place for labels keep
        if name == "labels_field" and (value is None or "require_labels" in known):
            continue  # only formats with named fields have other names; none is bound to read labels
        if name not in known or name == "labels_field":
            raise ConfigError(f"the format {format} has no use for the option {name}")
