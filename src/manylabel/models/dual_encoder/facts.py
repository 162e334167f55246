"""What a dual encoder says of itself: what it read, and what its memory is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manylabel.models.fact_table import FactTable


def new_facts(
    *, skipped: int, alike: int, textless: int, tried: Sequence[tuple[float, float]], metric: str, recall: float | None
) -> dict[str, Any]:
    """Facts of a training, JSON-ready.

    Args:
        skipped: training documents without labels.
        alike: labels whose text another label has too.
        textless: labels that are read by their names.
        tried: weights of documents and the metric at each.
        metric: its name.
        recall: share of the nearest keys that the memory finds, None where it looks at all of them or none were asked
            for.
    """
    return {
        "skipped": skipped,
        "alike": alike,
        "textless": textless,
        "weights": [[float(weight), float(value)] for weight, value in tried],
        "metric": metric,
        "recall": recall,
    }


def fact_tables(facts: Mapping[str, Any], n_labels: int) -> list[FactTable]:
    """What was read, and the metric at each weight of the documents where one was chosen.

    Args:
        facts: of :func:`new_facts`; none of a model that was not trained.
        n_labels: L.
    """
    if not facts:
        return []
    rows = [
        ["labels", f"{n_labels:,}"],
        ["labels without a text, read by their names", f"{facts['textless']:,}"],
        ["labels with the text of another one: equal scores", f"{facts['alike']:,}"],
        ["training documents without a label, passed over", f"{facts['skipped']:,}"],
    ]
    if facts["recall"] is not None:
        rows.append(
            ["nearest documents and labels that the memory's graphs find, in per cent", f"{100 * facts['recall']:.1f}"]
        )
    tables = [FactTable("What was read", "Counted when the model was trained.", ["", "number"], rows)]
    if facts["weights"]:
        weights = facts["weights"]
        best = max(weights, key=lambda pair: (pair[1], -pair[0]))
        text = (
            "By how much remembered documents count against the labels' own nearness: the metric on the validation "
            "part, in per cent. At 0 the labels speak alone."
        )
        shown = [
            [f"{weight:.2f}" + (" (chosen)" if [weight, value] == list(best) else ""), f"{100 * value:.2f}"]
            for weight, value in weights
        ]
        tables.append(FactTable("What the memory is worth", text, ["weight", facts["metric"]], shown))
    return tables
