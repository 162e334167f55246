"""Generated corpora with a long tail: Zipf labels in a hierarchy that occur together, and words drawn per label.

Equal configurations give equal bytes, as long as numpy keeps its random streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from manylabel.core.progress import SILENT, Advance, Progress
from manylabel.data.catalogue_folder import FetchedData, check_vacant, open_data, write_data, write_records
from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.generate_draw import RECIPE, LongTail
from manylabel.data.reading import write_documents

if TYPE_CHECKING:
    from manylabel.core.corpus import Corpus

__all__ = ["GeneratorConfig", "LongTail", "generate_corpus", "write_generated"]

_Item = TypeVar("_Item")
_STEP = 4096  # items between two reports of progress


def generate_corpus(config: GeneratorConfig) -> tuple[Corpus, Corpus]:
    """The training and the test part in memory, over one space of all labels, with texts, parents and counts."""
    from scipy.sparse import csr_matrix

    from manylabel.core.corpus import Corpus
    from manylabel.core.labels import LabelSpace

    data = LongTail(config)
    space = LabelSpace.from_records(list(data.label_records()))
    border = config.documents - config.test_documents
    parts: list[Corpus] = []
    for start, stop in ((0, border), (border, config.documents)):
        indptr, indices = data.label_rows(start, stop)
        positives = csr_matrix((np.ones(len(indices), dtype=bool), indices, indptr), shape=(stop - start, len(space)))
        if not parts:
            space = space.with_counts(positives)
        documents = list(data.documents(start, stop))
        ids = [str(document.id) for document in documents]
        parts.append(Corpus([document.text for document in documents], positives, space, ids, source="generated"))
    return parts[0], parts[1]


def write_generated(
    config: GeneratorConfig, target: str | Path, progress: Progress = SILENT, *, overwrite: bool = False
) -> FetchedData:
    """Write ``train.jsonl``, ``test.jsonl`` (if there is a test part) and ``labels.jsonl`` while they are drawn.

    The texts are never all in memory. A folder that holds the very same corpus already is left as it is.

    Args:
        config: what the corpus looks like.
        target: the folder.
        progress: counts documents and labels.
        overwrite: replace other data of the same file names.

    Raises:
        InputError: other data lies there, or the disk refuses.
    """
    target = Path(target)
    facts = _facts(config)
    present = open_data(target, facts.digest)
    if present is not None:
        return present
    if not overwrite:
        check_vacant(target)
    data = LongTail(config)

    def fill(staging: Path) -> dict[str, int]:
        border = config.documents - config.test_documents
        with progress.task("drawing documents", config.documents) as advance:
            write_documents(_counted(data.documents(0, border), advance), staging / "train.jsonl")
            if config.test_documents:
                write_documents(_counted(data.documents(border), advance), staging / "test.jsonl")
        with progress.task("writing labels", config.labels) as advance:
            write_records(staging / "labels.jsonl", _counted(data.label_records(), advance))
        indptr, indices = data.label_rows()
        return {
            "train": border,
            "test": config.test_documents,
            "labels": config.labels,
            "training_labels": len(np.unique(indices[: indptr[border]])),
            "pairs": len(indices),
        }

    return write_data(target, facts, fill, overwrite=overwrite)


def _facts(config: GeneratorConfig) -> FetchedData:
    options = config.model_dump()
    digest = hashlib.sha256(f"generated {RECIPE} {config.model_dump_json()}".encode()).hexdigest()
    return FetchedData("generated", f"seed {config.seed}", f"recipe {RECIPE}", digest, RECIPE, options=options)


def _counted(items: Iterable[_Item], advance: Advance) -> Iterator[_Item]:
    """The same items, reported in steps while they pass."""
    waiting = 0
    for item in items:
        yield item
        waiting += 1
        if waiting == _STEP:
            advance(waiting)
            waiting = 0
    advance(waiting)
