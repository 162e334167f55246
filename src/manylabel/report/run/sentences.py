"""What the numbers of a run say, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manylabel.metrics.groups import check_cuts, describe
from manylabel.metrics.label_table import LabelTable
from manylabel.report.run.label_lists import LabelLists


def headline(metrics: Mapping[str, Any]) -> list[str]:
    """What the stored or measured metrics say.

    Args:
        metrics: as :meth:`manylabel.metrics.evaluation.Evaluation.to_dict` gives them.
    """
    lines = []
    if "P@1" in metrics:
        lines.append(
            f"The label it puts first is right for {_of_100(metrics['P@1'])} documents in 100{_ends(metrics, 'P@1')}."
        )
    gap = _gap(metrics)
    if gap:
        lines.append(gap)
    return lines


def label_sentences(table: LabelTable, lists: LabelLists) -> list[str]:
    """What the label-wise table says."""
    right, given, true = int(table.tp.sum()), int((table.tp + table.fp).sum()), int(table.support.sum())
    lines = []
    if given:
        lines.append(
            f"Of every 100 labels it predicts, {_of_100(right / given)} are right; of every 100 labels that documents "
            f"have, it finds {_of_100(right / true)}."
        )
    if lists.never_count:
        known = lists.never_count - lists.never_untrained
        why = f"{lists.never_untrained:,} of them had no training document" if lists.never_untrained else ""
        median = f"half of the others had at most {lists.never_training:,.0f}" if known and lists.never_training else ""
        if median and not why:
            median = f"half of them had at most {lists.never_training:,.0f} training documents"
        reasons = ", and ".join(part for part in (why, median) if part)
        lines.append(
            f"{lists.never_count:,} of the {lists.in_test:,} labels in the test part are never predicted"
            + (f": {reasons}." if reasons else ".")
        )
    return lines


def _gap(metrics: Mapping[str, Any]) -> str:
    """How much worse rare labels fare than frequent ones."""
    groups = metrics.get("groups") or {}
    known = [name for name in ("head", "torso", "tail") if (groups.get(name) or {}).get("micro-F1") is not None]
    if len(known) < 2 or "cuts" not in metrics:
        return ""
    first, last = groups[known[0]], groups[known[-1]]
    said = {name: text.replace(">= ", "at least ") for name, text in describe(check_cuts(metrics["cuts"])).items()}
    return (
        f"Frequent labels ({said[known[0]]} training documents) reach a micro-F1 of {100 * first['micro-F1']:.0f} %, "
        f"rare ones ({said[known[-1]]}) {100 * last['micro-F1']:.0f} %."
    )


def _of_100(share: float) -> str:
    return f"{100 * share:.0f}" if 0.01 <= share <= 0.99 or share in (0.0, 1.0) else f"{100 * share:.1f}"


def _ends(metrics: Mapping[str, Any], name: str) -> str:
    ends = (metrics.get("intervals") or {}).get(name)
    if ends is None:
        return ""
    return f" ({100 * metrics['confidence']:g} % interval {100 * ends[0]:.1f} to {100 * ends[1]:.1f})"
