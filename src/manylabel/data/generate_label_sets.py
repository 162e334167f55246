"""The label sets of generated documents: how many labels each has, and which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.generate_labels import LabelForest

_ALIKE, _BY_CHANCE = 5, 20  # attempts to replace a repeated label in the way it was drawn, and by its chances


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The labels of n documents.

    Attributes:
        indptr: int64 ``[n + 1]``, where the labels of each document begin and end.
        labels: int64, positions of labels, distinct and ascending within a document.
    """

    indptr: np.ndarray
    labels: np.ndarray


def draw_label_sets(
    config: GeneratorConfig, forest: LabelForest, documents: int, generator: np.random.Generator
) -> LabelSets:
    """Draw label sets: a first label by chance, the others by chance or out of the first one's family."""
    counts = _draw_counts(config, documents, generator)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = np.repeat(np.arange(documents), counts)
    labels = forest.draw(generator.random(len(rows)))
    first = np.zeros(len(rows), dtype=bool)
    first[indptr[:-1]] = True
    related = ~first & (generator.random(len(rows)) < config.co_occurrence)
    leaders = labels[indptr[:-1]][rows]
    labels[related] = forest.draw_relatives(leaders[related], generator.random(int(related.sum())))
    attempt = 0
    while len(repeated := _repeated(rows, labels, len(forest))):
        uniform = generator.random(len(repeated))
        if attempt < _BY_CHANCE:
            again = forest.draw(uniform)
            alike = related[repeated] & (attempt < _ALIKE)
            again[alike] = forest.draw_relatives(leaders[repeated][alike], uniform[alike])
        else:  # evenly, for a document may have all labels but the rarest
            again = (uniform * len(forest)).astype(np.int64)
        labels[repeated] = again
        attempt += 1
    return LabelSets(indptr, labels[np.lexsort((labels, rows))])


def _draw_counts(config: GeneratorConfig, documents: int, generator: np.random.Generator) -> np.ndarray:
    beyond = config.labels_per_document - 1
    if config.labels_distribution == "poisson":
        extra = generator.poisson(beyond, documents)
    elif config.labels_distribution == "geometric":
        extra = generator.geometric(1 / (1 + beyond), documents) - 1
    else:
        extra = np.floor(beyond + generator.random(documents)).astype(np.int64)
    return np.minimum(1 + extra, config.labels)


def _repeated(rows: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """Where a document has a label that it has already at an earlier place."""
    key = rows * size + labels
    order = np.argsort(key, kind="stable")
    return np.sort(order[1:][np.diff(key[order]) == 0])
