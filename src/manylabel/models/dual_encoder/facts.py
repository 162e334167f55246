"""What a dual encoder says of itself: what it read, and what its memory is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manylabel.models.dual_encoder.search import Tried
from manylabel.models.fact_table import FactTable


def new_facts(
    *, skipped: int, alike: int, textless: int, tried: Sequence[Tried], metric: str, recall: float | None
) -> dict[str, Any]:
    """Facts of a training, JSON-ready.

    Args:
        skipped: training documents without labels.
        alike: labels whose text another label has too.
        textless: labels that are read by their names.
        tried: settings of the memory and the metric at each, the first of equal ones to be preferred.
        metric: its name.
        recall: share of the nearest labels and documents that a search by graphs finds, None where all are looked at or
            there are no validation documents.
    """
    return {
        "skipped": skipped,
        "alike": alike,
        "textless": textless,
        "tried": [[1 / one.scale, one.weight, one.value] for one in tried],
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
            [
                "nearest labels (and documents) that the search by graphs finds, in per cent",
                f"{100 * facts['recall']:.1f}",
            ]
        )
    tables = [FactTable("What was read", "Counted when the model was trained.", ["", "number"], rows)]
    if facts["tried"]:
        best = max(facts["tried"], key=lambda row: row[2])
        text = (
            "How much remembered documents count against the nearness of the labels that they have, at the chosen "
            f"temperature of {best[0]:.3g}, and the best at each other temperature: the metric on the validation part, "
            "in per cent. At weight 0 the labels speak alone, at 1 the documents."
        )
        others = [max(rows, key=lambda row: row[2]) for rows in _by_temperature(facts["tried"], apart_from=best[0])]
        shown = [
            [f"{row[0]:.3g}", f"{row[1]:.3g}" + (" (chosen)" if row == best else ""), f"{100 * row[2]:.2f}"]
            for row in [*(row for row in facts["tried"] if row[0] == best[0]), *others]
        ]
        tables.append(FactTable("What the memory is worth", text, ["temperature", "weight", facts["metric"]], shown))
    return tables


def _by_temperature(tried: list[list[float]], *, apart_from: float) -> list[list[list[float]]]:
    temperatures = dict.fromkeys(row[0] for row in tried if row[0] != apart_from)
    return [[row for row in tried if row[0] == temperature] for temperature in temperatures]
