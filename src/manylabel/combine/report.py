"""What was found while a ranker was fitted, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = "| | finds | alone: P@1 | P@5 | PSP@5 | without it: P@1 | P@5 | PSP@5 | tail P@5 |"
_LINE = "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
_METRICS = ("P@1", "P@5", "PSP@5")


def contribution_table(sources: Mapping[str, Any]) -> str:
    """A Markdown table of what :func:`manylabel.combine.contributions.contributions` found, in per cent."""
    rows = [_HEAD, _LINE]
    for name, entry in sources.items():
        alone = entry.get("alone", {}) if name != "all" else {}
        ranked = entry if name == "all" else entry.get("without", {})
        cells = [_percent(entry["finds"])]
        cells += [_percent(alone.get(metric)) for metric in _METRICS]
        cells += [_percent(ranked.get(metric)) for metric in _METRICS]
        cells.append(_percent(ranked.get("tail", {}).get("P@5")))
        title = "all together" if name == "all" else f"`{name}`"
        rows.append(f"| {title} | {' | '.join(cells)} |")
    idle = [f"`{name}` is idle: {entry['idle']}." for name, entry in sources.items() if "idle" in entry]
    return "\n".join([*rows, *([""] if idle else []), *idle])


def ranker_section(facts: Mapping[str, Any]) -> str:
    """The section of a model card about sources and ranker."""
    ranked = facts["ranker"].get("importance") or facts["ranker"].get("weights") or {}
    first = ", ".join(f"`{name}` {value:.2f}" for name, value in list(ranked.items())[:8])
    lines = [
        "## Sources and ranker",
        "",
        f"The ranker learned from {facts['documents']:,} training documents with "
        f"{facts['candidates_per_document']:.0f} "
        "candidates each, proposed by sources that had not seen them. Expected calibration error on the part held out: "
        f"{facts['calibration_error']:.4f}. What it looks at most: {first}.",
    ]
    if "sources" in facts:
        lines += [
            "",
            "What each source adds, in per cent, on the training documents held out from the ranker (small rankers, so "
            "that they can be compared). *finds*: share of the true labels among its candidates; *alone*: its own "
            "order; *without it*: the ranker of the others.",
            "",
            contribution_table(facts["sources"]),
        ]
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
