"""Apache Parquet: columns ``text``, ``labels`` (a list of strings), optional ``id`` or ``uid`` (extra ``parquet``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError, MissingExtraError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.records import ID_FIELDS, RecordReader, record_of
from manylabel.data.formats.streams import replaced_file

_BATCH_ROWS = 1024
_BATCH_CHARACTERS = 1 << 24


class Parquet(Format):
    """Reads and writes Parquet files, a batch of rows at a time."""

    extensions = ("parquet",)
    read_options = frozenset(
        {"text_fields", "labels_field", "require_labels", "id_field", "keep_fields", "label_separator"}
    )
    write_options = frozenset({"ids"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """The magic bytes."""
        return head.startswith(b"PAR1")

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by row; the row stands for the line in messages."""
        library = arrow("reading Parquet files")
        reader = RecordReader(path, options)
        rows = 0
        try:
            with path.open("rb") as stream:
                file = library.parquet.ParquetFile(stream)
                columns = wanted_columns(file.schema_arrow.names, options)
                for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                    for row, record in enumerate(batch.to_pylist(), rows + 1):
                        yield reader.document(record, row)
                    rows += batch.num_rows
        except FileNotFoundError:
            raise InputError("no such file", path=path, remedy="check the path") from None
        except (library.ArrowException, OSError, ValueError) as error:
            raise InputError(
                f"is not a readable Parquet file: {error}", path=path, remedy="copy or export it again"
            ) from None
        reader.finish()

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """Strings and lists of strings, compressed inside."""
        library = arrow("writing Parquet files")
        with replaced_file(path) as temporary:
            writer = None
            try:
                for batch in record_batches(documents, path, ids=options.ids, library=library):
                    if writer is None:
                        writer = library.parquet.ParquetWriter(temporary, batch.schema, compression="zstd")
                    writer.write_batch(batch)
            finally:
                if writer is not None:
                    writer.close()


def arrow(purpose: str) -> Any:
    """The library pyarrow, with its module ``parquet``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", purpose) from None
    return pyarrow


def wanted_columns(present: Sequence[str], options: ReadOptions) -> list[str]:
    """Those of the columns of a table that the options ask for."""
    ids = ID_FIELDS if options.id_field is None else (options.id_field,)
    wanted = {*options.text_fields, options.labels_field, *ids, *options.keep_fields}
    return [name for name in present if name in wanted]


def record_batches(documents: Iterable[Document], path: Path, *, ids: bool, library: Any) -> Iterator[Any]:
    """Arrow record batches of documents, all with the columns of the first.

    Raises:
        InputError: a document with other fields, or with text that is not valid Unicode.
    """
    schema: Any = None
    rows: list[dict[str, Any]] = []
    characters = 0
    for number, document in enumerate(documents, 1):
        try:
            record = record_of(document, ids=ids)
            "".join((document.text, *document.labels, document.id or "", *document.fields.values())).encode("utf-8")
        except UnicodeEncodeError:
            refuse("holds half of a surrogate pair, which is not text", path, number, "remove it")
        except ValueError as error:
            refuse(str(error), path, number, "rename it")
        if schema is None:
            schema = library.schema(
                [(name, library.list_(library.string()) if name == "labels" else library.string()) for name in record]
            )
        elif list(record) != schema.names:
            refuse("has other fields than the first", path, number, "give all documents the same fields and ids")
        rows.append(record)
        characters += len(document.text)
        if len(rows) == _BATCH_ROWS or characters > _BATCH_CHARACTERS:
            yield library.RecordBatch.from_pylist(rows, schema=schema)
            rows, characters = [], 0
    if rows:
        yield library.RecordBatch.from_pylist(rows, schema=schema)
