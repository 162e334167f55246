"""Pages of ``decisions.py``."""

from __future__ import annotations

from typing import Any

from tables import where_and_when

COLUMNS = ("micro-F1", "micro-precision", "micro-recall", "macro-F1", "macro-precision", "macro-recall", "example-F1")


def page(found: dict[str, Any]) -> str:
    """Decisions and peers on one data set."""
    features = found["features"]
    name = features["data"]
    rows = [
        "| model | decision | " + " | ".join(COLUMNS) + " | tail micro-recall | labels each | train s | fit s |",
        "|---|---|" + "---:|" * (len(COLUMNS) + 4),
    ]
    best = {column: max(row["metrics"][column] for row in found["rows"]) for column in COLUMNS}
    for row in found["rows"]:
        cells = [_cell(row["metrics"][column], best[column]) for column in COLUMNS]
        tail = row["groups"].get("tail", {}).get("micro-recall")
        fit = f"{row['fit_seconds']:.1f}" if "fit_seconds" in row else "–"
        cells += [
            "–" if tail is None else f"{100 * tail:.1f}",
            f"{row['labels']:.2f}",
            f"{row['train_seconds']:.1f}",
            fit,
        ]
        rows.append(f"| {row['model']} | {row['decision']} | " + " | ".join(cells) + " |")
    parts = [
        f"# Decisions on {name}",
        f"{features['documents']['train']:,} training and {features['documents']['test']:,} test documents, "
        f"{features['labels']['train']:,} labels in training. All on the same matrix; decisions fitted by three-fold "
        f"cross-fitting on lists of {found['k']} labels, measured on the test part; macro means over all labels in "
        'training or test. "fit s" is the decision alone, with the two fits that measure it; the fold models took '
        f"{found['rows'][0].get('fold_seconds', 0):.0f} s once.",
        where_and_when(found),
        "Times were taken beside other work, those of some peers on one thread, and are not to be compared.",
        "\n".join(rows),
        _differences(found),
        _targets(found),
    ]
    if name == "eurlex57k":
        parts.append(
            "Not measured here: cost search (15 trainings of two minutes each, and again for each fold), and "
            "LibMultiLabel's one versus rest, thresholds and costs (dense weights of 5 GB for each of several "
            "trainings; hours)."
        )
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(value: float, best: float) -> str:
    text = f"{100 * value:.2f}"
    return f"**{text}**" if value == best else text


def _differences(found: dict[str, Any]) -> str:
    if not found["differences"]:
        return ""
    by_name: dict[str, dict[str, Any]] = {}
    for item in found["differences"]:
        by_name.setdefault(item["name"], {})[item["metric"]] = item
    rows = ["| ours | micro-F1 | macro-F1 |", "|---|---:|---:|"]
    for name, metrics in by_name.items():
        cells = [_interval(metrics[metric]) for metric in ("micro-F1", "macro-F1")]
        rows.append(f"| {name.replace('|', '·')} | " + " | ".join(cells) + " |")
    return "## Less LibMultiLabel's thresholding, with 95 % intervals\n\n" + "\n".join(rows)


def _interval(item: dict[str, Any]) -> str:
    low, high = item["interval"]
    return f"{100 * item['difference']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def _targets(found: dict[str, Any]) -> str:
    if not found["targets"]:
        return ""
    rows = ["| target | reached on the test part | micro-F1 |", "|---|---|---:|"]
    for item in found["targets"]:
        if "refused" in item:
            rows.append(f"| {item['target']} | refused: {item['refused']} | – |")
            continue
        reached = ", ".join(
            f"{part['group']} {100 * part['test']:.1f}" if part["test"] is not None else f"{part['group']} –"
            for part in item["reached"]
        )
        rows.append(f"| {item['target']} | {reached} | {100 * item['metrics']['micro-F1']:.1f} |")
    return (
        "## Targets kept by risk control\n\nFitted on out-of-fold scores of the training part. The guarantee is for "
        "documents drawn like these; a test part of another time or source is not.\n\n" + "\n".join(rows)
    )


def speed_page(found: dict[str, Any]) -> str:
    """Seconds on 6,000 documents with scores for all of 4,000 labels."""
    rows = ["| decision | fit s | decide s |", "|---|---:|---:|"]
    rows += [f"| {row['name']} | {row['fit']:.2f} | {row['decide']:.2f} |" for row in found["rows"]]
    return (
        "\n\n".join(
            [
                "# Time of decisions",
                "6,000 documents with scores for all of 4,000 labels (24 million; `hierarchy` on lists of 100); the "
                "better of two calls. Without the two further fits by which a decision is measured.",
                where_and_when(found),
                "\n".join(rows),
            ]
        )
        + "\n"
    )
