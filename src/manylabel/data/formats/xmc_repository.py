"""The Extreme Classification Repository (http://manikvarma.org/downloads/XC/XMLRepository.html), in its three shapes.

* Raw text as JSON Lines: ``trn.json`` or ``trn.raw.json`` with ``uid``, ``title``, ``content`` and ``target_ind``
  (label numbers), the labels in ``lbl.json`` or a file of lines beside it. The text is the title, then the content.
* Raw text as lines: ``trn_X.txt``, its label matrix ``trn_X_Y.txt`` beside it or one folder above, the labels in
  ``Y.txt`` or ``Yf.txt``.
* Bags of words: one file with a header ``documents features labels`` and rows ``label,label index:value ...``, or two,
  ``trn_X_Xf.txt`` and ``trn_X_Y.txt``. Numbers begin at 0. These hold feature vectors, not texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import TEXT_FIELD, Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.numbered_labels import LabelNumbers, find_label_file, label_names_beside
from manylabel.data.formats.records import RecordReader, parse_object
from manylabel.data.formats.streams import extension_of, open_output, read_lines, read_texts_of_lines

if TYPE_CHECKING:
    from manylabel.data.feature_files import FeatureCorpus
    from manylabel.data.formats.sparse_text import SparseRows

_TARGETS = "target_ind"
_HEADER = re.compile(rb"\d+ \d+ \d+\s*")
_COMPRESSIONS = ("", ".gz", ".bz2", ".xz", ".zst")
_PREFIXES = {"train": "trn", "test": "tst"}


class XmcRepository(Format):
    """Reads all shapes; writes raw text as JSON Lines, and feature vectors as one bag-of-words file."""

    read_options = frozenset({"text_fields", "labels_field", "keep_fields", "part"})
    write_options = frozenset({"ids", "part"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """One of the shapes."""
        if path.is_dir():
            return any(_find(path, part, kind) is not None for part in _PREFIXES for kind in _KINDS)
        first = head.partition(b"\n")[0]
        if first.startswith(b"{"):
            return f'"{_TARGETS}"'.encode() in first
        return bool(_HEADER.fullmatch(first)) or _text_stem(path) is not None or _vector_stem(path) is not None

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents of raw text, in either shape."""
        file = path
        if path.is_dir():
            found = _find(path, options.part, "raw") or _find(path, options.part, "lines")
            if found is None:
                if _find(path, options.part, "vectors") or _find(path, options.part, "bag"):
                    raise _no_texts(path)
                raise _no_part(path, options.part)
            file = found
        if _text_stem(file) is not None:
            return _read_lines(file, options)
        if extension_of(file) != "json":
            raise _no_texts(file)
        return _read_raw(file, options)

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """``trn.json.gz`` (``tst``, ...) and ``lbl.json.gz`` in a folder, or the ``.json`` file that is named.

        Labels that a label file there has keep their numbers, so that several parts share one file.
        """
        single = extension_of(path) == "json"
        file = path if single else path / f"{_PREFIXES.get(options.part, options.part)}.json.gz"
        old = find_label_file(file.parent)
        label_file = old or file.with_name("lbl.json.gz" if file.suffix == ".gz" else "lbl.json")
        if extension_of(label_file) != "json":
            raise InputError(
                "labels lie beside it that are not JSON", path=label_file, remedy="write to another folder"
            )
        known = [line.rstrip("\n") for _, line in read_lines(old)] if old is not None else []
        numbers = LabelNumbers([*(label_names_beside(file.parent) or ()), *(labels or ())])
        with ExitStack() as stack:
            label_output = stack.enter_context(open_output(label_file))
            output = stack.enter_context(open_output(file))
            for number, document in enumerate(documents, 1):
                record: dict[str, Any] = {} if document.id is None or not options.ids else {"uid": document.id}
                record |= {"title": "", "content": document.text, _TARGETS: numbers.of(document.labels).tolist()}
                if set(document.fields) & {"uid", "id", "title", "content", _TARGETS, TEXT_FIELD}:
                    refuse("has a further field whose name is taken", path, number, "rename it")
                output.write(json.dumps(record | dict(document.fields), ensure_ascii=False))
            for line in known:
                label_output.write(line)
            for name in numbers.names()[len(known) :]:
                title = labels.text_of(labels.index(name)) if labels is not None and name in labels else name
                label_output.write(json.dumps({"uid": name, "title": title}, ensure_ascii=False))

    def holds_features(self, path: Path) -> bool:
        """A bag of words, and no raw text in a folder."""
        if path.is_dir():
            return not any(_find(path, part, kind) for part in _PREFIXES for kind in ("raw", "lines"))
        return _text_stem(path) is None and extension_of(path) != "json"

    def read_features(self, path: Path, part: str, *, zero_based: bool) -> FeatureCorpus:
        """Bags of words; the header fixes the number of features and labels, which are called by their numbers."""
        from manylabel.data.formats.sparse_text import read_header, read_rows

        if zero_based:
            raise InputError("always counts from 0", path=path, remedy="leave zero_based out")
        file = (_find(path, part, "vectors") or _find_bag(path, part)) if path.is_dir() else path
        if file is None:
            raise _no_part(path, part)
        stem = _vector_stem(file)
        if stem is None:
            n, n_features, n_labels = read_header(file, 3)
            rows = read_rows(file, header=True, labels=True, first_index=0)
            _check_length(rows, n, file)
            return _feature_corpus(rows, n_features, _own_labels(rows, n_labels, file), file)
        n, n_features = read_header(file, 2)
        rows = read_rows(file, header=True, labels=False, first_index=0)
        _check_length(rows, n, file)
        return _feature_corpus(rows, n_features, _label_matrix(_matrix_file(stem, file), n), file)

    def write_features(self, corpus: FeatureCorpus, path: Path, *, zero_based: bool) -> None:
        """One bag-of-words file with its header."""
        from manylabel.data.formats.sparse_text import pairs_text

        if list(corpus.labels.names) != [str(number) for number in range(corpus.n_labels)]:
            raise InputError(
                "cannot be written: the labels are not called 0, 1, 2, ...", path=path, remedy="number them first"
            )
        x, y = corpus.features, corpus.positives
        with open_output(path) as output:
            output.write(f"{len(corpus)} {corpus.n_features} {corpus.n_labels}")
            for row in range(len(corpus)):
                own = ",".join(map(str, y.indices[y.indptr[row] : y.indptr[row + 1]].tolist()))
                pairs = slice(x.indptr[row], x.indptr[row + 1])
                output.write(f"{own} {pairs_text(x.indices[pairs], x.data[pairs], 0)}".rstrip(" "))


# -- where the files are --------------------------------------------------------------------------------------------

_KINDS = ("raw", "lines", "vectors", "bag")


def _find(folder: Path, part: str, kind: str) -> Path | None:
    prefix = _PREFIXES.get(part, part)
    if kind == "bag":
        return _find_bag(folder, part)
    names = {
        "raw": (f"{prefix}.json", f"{prefix}.raw.json"),
        "lines": (f"{prefix}_X.txt", f"raw/{prefix}_X.txt"),
        "vectors": (f"{prefix}_X_Xf.txt",),
    }[kind]
    for name in names:
        for ending in _COMPRESSIONS:
            if (folder / f"{name}{ending}").is_file():
                return folder / f"{name}{ending}"
    return None


def _find_bag(folder: Path, part: str) -> Path | None:
    """``train.txt``, or the one ``*_train.txt``."""
    for pattern in (f"{part}.txt", f"*_{part}.txt"):
        found = sorted(match for ending in _COMPRESSIONS for match in folder.glob(pattern + ending))
        if len(found) == 1 and _has_header(found[0]):
            return found[0]
    return None


def _has_header(file: Path) -> bool:
    return bool(_HEADER.fullmatch(next(read_lines(file), (0, ""))[1].encode()))


def _stem(path: Path, ending: str) -> str | None:
    name = path.name
    for compression in _COMPRESSIONS:
        if name.endswith(f"{ending}{compression}"):
            return name.removesuffix(f"{ending}{compression}")
    return None


def _text_stem(path: Path) -> str | None:
    return _stem(path, "_X.txt")


def _vector_stem(path: Path) -> str | None:
    return _stem(path, "_X_Xf.txt")


def _matrix_file(stem: str, beside: Path) -> Path:
    for folder in (beside.parent, beside.parent.parent):
        for ending in _COMPRESSIONS:
            if (folder / f"{stem}_X_Y.txt{ending}").is_file():
                return folder / f"{stem}_X_Y.txt{ending}"
    raise InputError(f"has no label matrix {stem}_X_Y.txt beside it", path=beside, remedy="put it into the same folder")


def _no_texts(path: Path) -> InputError:
    return InputError(
        "holds feature vectors, not texts", path=path, remedy="train on it as it is: the features take the texts' place"
    )


def _no_part(path: Path, part: str) -> InputError:
    return InputError(
        f"has no part {part!r} of the repository's", path=path, remedy="choose another part or name a file"
    )


# -- raw text -------------------------------------------------------------------------------------------------------


def _read_raw(file: Path, options: ReadOptions) -> Iterator[Document]:
    with_labels = options.labels_field is not None
    fields = [
        name for field in options.text_fields for name in (("title", "content") if field == TEXT_FIELD else (field,))
    ]
    reader = RecordReader(file, options.with_values(text_fields=tuple(fields), labels_field=None))
    names = label_names_beside(file.parent) if with_labels else None
    for number, line in read_lines(file):
        record = parse_object(line, file, number)
        document = reader.document(record, number)
        labels = _names_of(record, names, file, number) if with_labels else ()
        yield Document(document.text, labels, document.id, document.fields, number)


def _names_of(record: dict[str, Any], names: list[str] | None, file: Path, line: int) -> tuple[str, ...]:
    targets = record.get(_TARGETS)
    if not isinstance(targets, list) or not all(type(target) is int and target >= 0 for target in targets):
        raise InputError(
            f"{_TARGETS!r} is not a list of label numbers", path=file, line=line, remedy="write a list such as [0, 3]"
        )
    if names is None:
        return tuple(map(str, targets))
    if targets and max(targets) >= len(names):
        raise InputError(
            f"label number {max(targets)}, but the label file has {len(names)} lines",
            path=file,
            line=line,
            remedy="put the label file of this data beside it",
        )
    return tuple(names[target] for target in targets)


def _read_lines(file: Path, options: ReadOptions) -> Iterator[Document]:
    if options.labels_field is None:
        for number, text in read_texts_of_lines(file):
            yield Document(text, line=number)
        return
    stem = _text_stem(file) or ""
    matrix_file = _matrix_file(stem, file)
    positives, names = _label_matrix(matrix_file, None)
    own = label_names_beside(file.parent)
    if own is not None and len(own) < len(names):
        raise InputError(
            f"the label file has {len(own)} lines for {len(names)} labels",
            path=matrix_file,
            remedy="use its own label file",
        )
    yield from rows_with_texts(file, positives, own or names, matrix_file)


def rows_with_texts(file: Path, positives: Any, names: list[str], matrix_file: Path) -> Iterator[Document]:
    """Documents of a file with a text a line and a label matrix (CSR ``[n, L]``) with a row for each.

    Raises:
        InputError: the numbers of lines and rows differ.
    """
    n, number = positives.shape[0], 0
    remedy = "take both files from the same data"
    for number, text in read_texts_of_lines(file):
        if number > n:
            raise InputError(
                f"more lines than the {n} rows of {matrix_file.name}", path=file, line=number, remedy=remedy
            )
        own = positives.indices[positives.indptr[number - 1] : positives.indptr[number]].tolist()
        yield Document(text, tuple(names[column] for column in own), line=number)
    if number < n:
        raise InputError(f"{number} lines for the {n} rows of {matrix_file.name}", path=file, remedy=remedy)


# -- matrices -------------------------------------------------------------------------------------------------------


def _label_matrix(file: Path, n: int | None) -> tuple[Any, list[str]]:
    """bool CSR of a file with a header ``rows columns`` and rows ``label:value ...``, with the labels' names."""
    from manylabel.data.formats.sparse_text import read_header, read_rows

    rows_expected, n_labels = read_header(file, 2)
    rows = read_rows(file, header=True, labels=False, first_index=0)
    _check_length(rows, rows_expected, file)
    if n is not None and len(rows) != n:
        raise InputError(f"{len(rows)} rows for {n} documents", path=file, remedy="take both files from the same data")
    return rows.matrix(n_labels, file).astype(bool), _numbers(n_labels)


def _own_labels(rows: SparseRows, n_labels: int, file: Path) -> tuple[Any, list[str]]:
    import numpy as np
    from scipy.sparse import csr_matrix

    outside = np.flatnonzero((rows.label_numbers < 0) | (rows.label_numbers >= n_labels))
    if len(outside):
        row = int(np.searchsorted(rows.label_indptr, outside[0], side="right")) - 1
        raise InputError(
            f"label {rows.label_numbers[outside[0]]} is not among the {n_labels} of the header",
            path=file,
            line=rows.first_line + row,
            remedy=f"labels are numbered 0 to {n_labels - 1}",
        )
    ones = np.ones(len(rows.label_numbers), bool)
    columns = rows.label_numbers.astype(np.int32)
    positives = csr_matrix((ones, columns, rows.label_indptr), shape=(len(rows), n_labels))
    positives.sum_duplicates()
    return positives, _numbers(n_labels)


def _numbers(n_labels: int) -> list[str]:
    return [str(number) for number in range(n_labels)]


def _check_length(rows: SparseRows, expected: int, file: Path) -> None:
    if len(rows) != expected:
        raise InputError(
            f"holds {len(rows)} rows, its header says {expected}", path=file, line=1, remedy="is the file complete?"
        )


def _feature_corpus(rows: SparseRows, n_features: int, labels: tuple[Any, list[str]], file: Path) -> FeatureCorpus:
    from manylabel.data.feature_files import FeatureCorpus

    positives, names = labels
    return FeatureCorpus(rows.matrix(n_features, file), positives, LabelSpace(names), source=str(file), first_line=2)
