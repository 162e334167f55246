"""A Hugging Face data set on disk (extra ``hub``): what ``save_to_disk`` writes, or a folder of Parquet.

A column of class numbers is read with its class names; a single class counts as one label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError, MissingExtraError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions
from manylabel.data.formats.parquet import Parquet, arrow, record_batches, wanted_columns
from manylabel.data.formats.records import RecordReader
from manylabel.data.formats.streams import open_output, replaced_file

_STATE, _INFO, _DICT = "state.json", "dataset_info.json", "dataset_dict.json"
_ARROW = "data-00000-of-00001.arrow"
_BATCH_ROWS = 1024


class Hub(Format):
    """Reads and writes data sets of Hugging Face's library ``datasets``."""

    read_options = Parquet.read_options | {"part"}
    write_options = frozenset({"ids", "part"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """A folder with the library's own files, or with Parquet files."""
        return path.is_dir() and ((path / _STATE).is_file() or (path / _DICT).is_file() or any(path.rglob("*.parquet")))

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by row of one split."""
        if not path.is_dir():
            raise InputError("is no folder of a data set", path=path, remedy="name the folder that save_to_disk wrote")
        if not (path / _STATE).is_file() and not (path / _DICT).is_file():
            files = _parquet_files(path, options.part)
            without_part = options.with_values(part="train")
            return (document for file in files for document in Parquet().read(file, without_part))
        return _read_saved(path, options)

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """A split in a folder of its own, beside those that are there."""
        library, arrow_library = _datasets(), arrow("writing hub data sets")
        folder = path / options.part
        others = _splits(path) if (path / _DICT).is_file() else []
        with ExitStack() as stack:
            index = stack.enter_context(open_output(path / _DICT))
            outputs = [stack.enter_context(open_output(folder / name)) for name in (_STATE, _INFO)]
            temporary = stack.enter_context(replaced_file(folder / _ARROW))
            schema = _write_arrow(documents, temporary, path, options, library, arrow_library)
            state = {"_data_files": [{"filename": _ARROW}], "_fingerprint": temporary.name, "_format_columns": None}
            state |= {"_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": options.part}
            outputs[0].write(json.dumps(state))
            features = library.Features.from_arrow_schema(schema).to_dict()
            outputs[1].write(json.dumps({"description": "", "features": features}))
            index.write(json.dumps({"splits": list(dict.fromkeys([*others, options.part]))}))


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "hub", "a Hugging Face data set") from None
    return datasets


def _splits(path: Path) -> list[str]:
    try:
        return list(json.loads((path / _DICT).read_text(encoding="utf-8"))["splits"])
    except (ValueError, KeyError, TypeError):
        raise InputError("is damaged", path=path / _DICT, remedy="copy the data set again") from None


def _parquet_files(path: Path, part: str) -> list[Path]:
    files = [
        file
        for file in sorted(path.rglob("*.parquet"))
        if file.stem == part or file.stem.startswith(f"{part}-") or file.parent.name == part
    ]
    if not files:
        raise InputError(f"has no Parquet file of the part {part!r}", path=path, remedy="choose another part")
    return files


def _read_saved(path: Path, options: ReadOptions) -> Iterator[Document]:
    library = _datasets()
    if (path / _DICT).is_file():
        splits = _splits(path)
        if options.part not in splits:
            raise InputError(f"has no part {options.part!r}", path=path, remedy=f"choose one of: {', '.join(splits)}")
        folder = path / options.part
    elif "part" in options.model_fields_set and options.part != "train":
        raise InputError("is a data set without parts", path=path, remedy="leave the part out")
    else:
        folder = path
    try:
        data = library.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"is not a readable data set: {error}", path=folder, remedy="save or copy it again") from None
    columns = wanted_columns(data.column_names, options)
    name_of = _class_names(data.features.get(options.labels_field)) if options.labels_field else None
    reader = RecordReader(folder, options)
    rows = 0
    if columns:
        data = data.select_columns(columns)
    for batch in data.with_format("arrow").iter(_BATCH_ROWS):
        for row, record in enumerate(batch.to_pylist(), rows + 1):
            if name_of is not None:
                record[options.labels_field] = name_of(record[options.labels_field])
            yield reader.document(record, row)
        rows += batch.num_rows
    reader.finish()


def _class_names(feature: Any) -> Callable[[Any], Any] | None:
    """How class numbers become names, None where the column holds no class numbers."""
    inner = getattr(feature, "feature", feature)
    names = getattr(inner, "names", None)
    if names is None:
        return None

    def convert(value: Any) -> Any:
        numbers = [value] if isinstance(value, int) else value or []
        return [names[number] if 0 <= number < len(names) else None for number in numbers]

    return convert


def _write_arrow(
    documents: Iterable[Document], temporary: Path, path: Path, options: WriteOptions, library: Any, arrow_library: Any
) -> Any:
    writer = schema = None
    with temporary.open("wb") as stream:
        try:
            for batch in record_batches(documents, path, ids=options.ids, library=arrow_library):
                if writer is None:
                    schema = library.Features.from_arrow_schema(batch.schema).arrow_schema
                    writer = arrow_library.ipc.new_stream(stream, schema)
                writer.write_batch(batch.cast(schema))
        finally:
            if writer is not None:
                writer.close()
    return schema
