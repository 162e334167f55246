"""The page of ``dual_encoder.py``."""

from __future__ import annotations

from typing import Any

from tables import number, table, where_and_when

SHOWN = ("P@1", "P@3", "P@5", "nDCG@5", "R@100", "PSP@1", "PSP@5")
BY_GROUP = ("R@5", "nDCG@5", "PSP@5", "R@100")


def page(found: dict[str, Any]) -> str:
    """The whole page, in Markdown."""
    rows, settings = found["rows"], found["settings"]
    first = next(iter(rows.values()))
    words = f"a bag of random words of {settings['width']} numbers"
    encoder = "a pretrained transformer" if settings["encoder"] else words
    if settings.get("frozen"):
        encoder = f"{encoder} that does not learn, under a linear map to {settings['width']} numbers that does"
    parts = [
        f"# Dual encoders on {settings['data']}",
        f"{first['documents']:,} training documents, of which dual encoders hold 1,000 out for validation; "
        f"{first['test_documents']:,} test documents; {first['labels']:,} labels, of which "
        f"{first['labels_with_documents']:,} have a training document. One encoder reads documents and labels, the "
        f"first {settings['max_length']} words of each: {encoder}; {settings['epochs']} epochs, batches of "
        f"{settings['batch']}; every label with training documents is a negative where nothing else is said; "
        f"free vectors: {settings['free']}. The memory holds the training documents; its weight and temperature are "
        "chosen on the validation part by nDCG@5. One run each.",
        where_and_when(found),
        "## Quality\n\n" + _quality(rows) + "\n\nPer cent, of lists of 100 labels; PSP with A = 0.55, B = 1.5.",
        *(f"## {title}\n\n" + _group(rows, group) for group, title in _groups(rows).items()),
        "## Cost\n\n" + _costs(rows),
    ]
    return "\n\n".join(parts) + "\n"


def _views(rows: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, row in rows.items():
        for view, values in sorted(row["views"].items(), reverse=True):
            both = len(row["views"]) > 1
            found.append((f"{name}, {view or 'with memory'}" if both else name, values))
    return found


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"


def _quality(rows: dict[str, Any]) -> str:
    return table(
        ["arm", *SHOWN], [[name, *(_percent(values["all"][m]) for m in SHOWN)] for name, values in _views(rows)]
    )


def _groups(rows: dict[str, Any]) -> dict[str, str]:
    views = next(iter(rows.values()))["views"][""]
    meanings = {"head": "at least 100", "torso": "10 to 99", "tail": "1 to 9", "unseen": "no"}
    return {name: f"{name}: {meanings.get(name, '')} training documents" for name in views if name != "all"}


def _group(rows: dict[str, Any], group: str) -> str:
    return table(
        ["arm", *BY_GROUP], [[name, *(_percent(values[group][m]) for m in BY_GROUP)] for name, values in _views(rows)]
    )


def _costs(rows: dict[str, Any]) -> str:
    cells = [
        [
            name,
            number(row["train_seconds"]),
            number(row["train_cpu_seconds"]),
            number(row["peak_mib"]),
            number(row["predict_ms"]),
            "–" if "weight" not in row else f"{row['weight']:.3g}, {row['temperature']:.3g}",
        ]
        for name, row in rows.items()
    ]
    return table(["arm", "train s", "train cpu-s", "peak MiB", "ms a document", "weight, temperature"], cells)
