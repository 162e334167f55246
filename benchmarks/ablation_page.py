"""The page of one data set about what the parts of the fused model add."""

from __future__ import annotations

from typing import Any

from ablation import METRICS
from fused_page import percent
from tables import table, where_and_when

GROUPS = ("head", "torso", "tail", "unseen")
NOTE = (
    "Per cent on the test part, of the ten best labels. *s*: seconds to fit the ranker. Every variant differs from the "
    "first line in one thing. *without*: neither what the source says nor what it alone proposed; *alone*: a ranker "
    "that sees this source and the facts of labels. What `neighbours` proposes starts from the sources before it, also "
    "where these are left out of the ranking. *documents*: drawn from those that 5 folds judged; a model trained with "
    "that option takes them from as few folds as hold them. Rankers other than the first line's have their own "
    "defaults."
)


def ablation_page(found: dict[str, Any]) -> str:
    """The whole page, in Markdown."""
    documents = found["documents"]
    idle = [f"`{name}` is idle: {reason}." for name, reason in found["idle"].items()]
    parts = [
        f"# What the parts of the fused model add on {found['data']}",
        f"{documents['train']:,} training and {documents['test']:,} test documents.",
        where_and_when(found),
        "## Variants\n\n" + _variants(found["variants"]) + "\n\n" + NOTE,
        "## What sources find\n\nShare of the true labels of the test part among the candidates, in per cent, by the "
        "number of training documents of the label, and candidates per document.\n\n" + _finds(found["finds"]),
        " ".join(idle),
        "What is measured, and how: [README](../README.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _variants(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        groups = row["groups"]
        cells = [*(row[metric] for metric in METRICS), *(groups[name]["R@10"] for name in GROUPS)]
        lines.append([row["variant"], f"{row['documents']:,}", f"{row['seconds']:.1f}", *map(percent, cells)])
    header = ["variant", "documents", "s", *METRICS, *(f"{name} R@10" for name in GROUPS)]
    return table(header, lines)


def _finds(finds: dict[str, dict[str, float | None]]) -> str:
    lines = [
        [
            "all together" if name == "all" else f"`{name}`",
            *(percent(shares[group]) for group in ("all", *GROUPS)),
            f"{shares['candidates']:.1f}",
        ]
        for name, shares in finds.items()
    ]
    return table(["source", "all labels", *GROUPS, "candidates"], lines)
