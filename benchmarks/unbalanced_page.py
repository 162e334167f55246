"""The page of ``unbalanced.py``."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any

from tables import table, where_and_when

if TYPE_CHECKING:
    from unbalanced_arms import Table

METRICS = (
    "P@1", "micro-F1", "micro-precision", "micro-recall",
    "macro-F1-supported", "macro-precision-supported", "macro-recall-supported", "macro-F1", "macro-recall",
)  # fmt: skip
_SHOWN = (
    "micro-F1", "micro-precision", "micro-recall",
    "macro-F1-supported", "macro-precision-supported", "macro-recall-supported",
)  # fmt: skip


_SAID = {"fixed": "0.5", "decided": "decided"}


def page(found: dict[str, Any], chosen: Table) -> str:
    """All arms, also those that did not help."""
    rows = found["rows"]
    done = [row for row in rows if "failed" not in row]
    sizes = found["documents"]
    parts = [
        f"# Uneven labels: {found['table']}",
        f"{chosen.about} {sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test "
        f"documents, {found['labels']} labels.",
        where_and_when(found),
        "At 0.5: label sets are scores of at least 0.5 (margins: at least 0). Decided: thresholds fitted on the "
        f"validation part (`{chosen.decision}`). In percent, on the test part; macro means over labels with a test "
        "document; the mean over seeds, with the smallest and largest where there are several. Times were taken beside "
        "other work and are no measure.",
        _table(done, chosen),
        _intervals(done, chosen),
        _groups(done, chosen),
        _decisions(found["decisions"]),
        _failed(rows),
        _curves(done, chosen),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: Sequence[dict[str, Any]], chosen: Table) -> str:
    head = ["arm", "seeds", "P@1", *(f"{name.removesuffix('-supported')}, 0.5" for name in _SHOWN)]
    head += [f"{name.removesuffix('-supported')}, decided" for name in _SHOWN if "F1" in name]
    head += ["macro-recall, decided", "epochs", "s"]
    lines = []
    for name in chosen.arms:
        own = [row for row in rows if row["arm"] == name]
        if not own:
            continue
        cells = [name, str(len(own)), _cell(own, "fixed", "P@1"), *(_cell(own, "fixed", metric) for metric in _SHOWN)]
        cells += [_cell(own, "decided", metric) for metric in _SHOWN if "F1" in metric]
        cells += [_cell(own, "decided", "macro-recall-supported")]
        cells += [f"{mean(len(row['epochs']) for row in own):.0f}", f"{mean(row['seconds'] for row in own):.0f}"]
        lines.append(cells)
    return table(head, lines)


def _cell(rows: Sequence[dict[str, Any]], which: str, metric: str) -> str:
    found = [row[which][metric] for row in rows]
    if None in found:
        return "–"
    values = [100 * value for value in found]
    spread = f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else ""
    return f"{mean(values):.1f}{spread}"


def _intervals(rows: Sequence[dict[str, Any]], chosen: Table) -> str:
    """What chance of the test documents alone does to a figure, for the first arm."""
    own = [row for row in rows if row["arm"] == chosen.baseline]
    if not own:
        return ""
    shown = []
    for metric in ("micro-F1", "macro-F1-supported"):
        low, high = own[0]["fixed"][f"{metric} interval"]
        shown.append(f"{metric} {100 * low:.1f} to {100 * high:.1f}")
    return f"95 % interval of {chosen.baseline} at 0.5 over test documents: {', '.join(shown)}."


def _groups(rows: Sequence[dict[str, Any]], chosen: Table) -> str:
    """micro-F1 of labels that are frequent and rare."""
    torso, head = chosen.cuts
    named = {
        "head": f"head, {head} and more",
        "torso": f"torso, {torso} to {head - 1}",
        "tail": f"tail, 1 to {torso - 1}",
    }
    columns = [(which, group) for group in named for which in ("fixed", "decided")]
    header = ["arm", *(f"{named[group]}: {_SAID[which]}" for which, group in columns)]
    cells = [
        [name, *(_cell(own, which, f"micro-F1 {group}") for which, group in columns)]
        for name in chosen.arms
        if (own := [row for row in rows if row["arm"] == name])
    ]
    return "## micro-F1 by training documents of a label\n\n" + table(header, cells)


def _decisions(rows: Sequence[dict[str, Any]]) -> str:
    """The same scores, decided in several ways."""
    if not rows:
        return ""
    header = ["scores of", "decision", *(name.removesuffix("-supported") for name in _SHOWN)]
    cells = [[row["arm"], row["method"], *(_cell([row], "decided", name) for name in _SHOWN)] for row in rows]
    return "## The same scores, other decisions (fitted on the validation part)\n\n" + table(header, cells)


def _failed(rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"* {row['arm']}, seed {row['seed']}: {row['failed']}" for row in rows if "failed" in row]
    return "Not finished:\n\n" + "\n".join(lines) if lines else ""


def _curves(rows: Sequence[dict[str, Any]], chosen: Table) -> str:
    """First and last epoch of each arm's first run: what it learned, and what of it holds elsewhere."""
    lines = []
    for name in chosen.arms:
        own = [row for row in rows if row["arm"] == name and row["epochs"]]
        if own:
            epochs = own[0]["epochs"]
            lines.append(f"* {name}: {epochs[0]} … {epochs[-1]}")
    return "## First and last epochs\n\n" + "\n".join(lines) if lines else ""
