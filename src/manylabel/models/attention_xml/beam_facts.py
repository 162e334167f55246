"""What the beam of a label tree finds and costs, measured on validation documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.attention_xml.levels import Beam, LevelPart
from manylabel.models.fact_table import FactTable
from manylabel.trees.candidates import cell_numbers
from manylabel.trees.label_tree import LabelTree

DOCUMENTS = 256
"""Validation documents that each width of the beam is tried on."""
METRICS = ("P@1", "P@5", "nDCG@5")

Search = Callable[[int, int], tuple[np.ndarray, np.ndarray]]
"""Width of the beam and k to the k best labels of the documents, int32 and float32 ``[n, k]``."""


def recall_by_width(beam: Beam, part: LevelPart) -> dict[int, float]:
    """The share of true nodes among the first 1, 2, 4, ... nodes of the beam."""
    true, nodes = cell_numbers(part.positives), part.positives.shape[1]
    found = {}
    for width in _powers(beam.nodes.shape[1]):
        rows, places = np.nonzero(beam.nodes[:, :width] >= 0)
        keys = rows.astype(np.int64) * nodes + beam.nodes[rows, places]
        found[width] = float(np.isin(true, keys).mean()) if len(true) else 1.0
    return found


def beam_costs(search: Search, tree: LabelTree, truth: Corpus, beam_width: int) -> list[dict[str, float]]:
    """Time and metrics by width of the beam.

    Args:
        search: of the documents of `truth`.
        tree: the label tree, of at least two levels.
        truth: documents with labels.
        beam_width: as configured; narrower and wider ones are tried too, and all clusters where these are not many.
    """
    clusters = tree.n_nodes(tree.depth - 2)
    tried = {max(1, beam_width // 8), max(1, beam_width // 4), max(1, beam_width // 2), beam_width}
    tried |= {2 * beam_width, 4 * beam_width, clusters if clusters <= 8 * beam_width else beam_width}
    labels: LabelSpace = truth.labels
    settings = Settings(metrics=METRICS, groups=False, n_bootstrap=0)
    found = []
    for width in sorted({min(one, clusters) for one in tried}):
        began = time.perf_counter()
        indices, scores = search(width, 5)
        seconds = time.perf_counter() - began
        result = Evaluator(labels, settings).update(TopK(indices, scores, "probability", labels), truth.positives)
        values = result.result()
        milliseconds = 1000 * seconds / max(len(truth), 1)
        scored = min(len(labels), width * len(labels) / clusters)
        row = {"width": width, "labels": scored, "milliseconds": milliseconds}
        found.append({**row, **{name: values[name] for name in METRICS}})
    return found


def fact_tables(trees: Sequence[Mapping[str, Any]], beam_width: int) -> list[FactTable]:
    """Recall by level, and what the beam costs, of every tree that it was measured for.

    Args:
        trees: ``{"recall": [{"nodes": n, "by_width": {w: share}}], "beam": rows of :func:`beam_costs`,
            "documents": n}`` of each.
        beam_width: as configured.
    """
    tables = []
    for number, facts in enumerate(trees):
        which = f", tree {number + 1}" if len(trees) > 1 else ""
        recall, costs = facts["recall"], facts["beam"]
        if recall:
            widths = sorted({int(width) for level in recall for width in level["by_width"]})
            rows = [
                [f"{level['nodes']:,} clusters", *(_percent(level["by_width"].get(str(width))) for width in widths)]
                for level in recall
            ]
            text = (
                f"Share of the clusters with a true label, in per cent, that stand among so many of the best of their "
                f"level, on {facts['documents']:,} validation documents. What is not there cannot be found below; the "
                f"beam holds {beam_width:,}."
            )
            columns = ["level", *(f"{width:,}" for width in widths)]
            tables.append(FactTable(f"Recall of the shortlists{which}", text, columns, rows))
        if costs:
            rows = [
                [
                    f"{row['width']:,.0f}" + (" (configured)" if row["width"] == beam_width else ""),
                    f"{row['labels']:,.0f}",
                    f"{row['milliseconds']:.2f}",
                    *(_percent(row[name]) for name in METRICS),
                ]
                for row in costs
            ]
            text = (
                f"By number of clusters whose labels are scored, on at most {DOCUMENTS} validation documents: labels "
                "scored and milliseconds for a document, and metrics in per cent. Another width may be asked for."
            )
            columns = ["beam width", "labels", "ms", *METRICS]
            tables.append(FactTable(f"What the beam costs{which}", text, columns, rows))
    return tables


def _powers(most: int) -> list[int]:
    return sorted({*(2**power for power in range(most.bit_length())), most})


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
