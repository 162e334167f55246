"""Rare labels are served worse than frequent ones: how much, and whether scores or thresholds are to blame."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.metrics.groups import GROUPS, check_cuts, groups_of
from manylabel.report.doctor.decisions import by_label
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.label_sets import as_matrix
from manylabel.report.doctor.settings import rank_rare_higher, weigh_missed_labels
from manylabel.report.doctor.wording import percent, points

_APART, _FAR_APART = 0.15, 0.2
_FEWEST_PAIRS = 20


def tail_gap(examined: Examined) -> list[Finding]:
    """Compare recall over all pairs with the mean recall of a label, and head with the rest.

    For labels outside the head it is also told how many of their true pairs stand in the predicted lists at all: what
    is in the list but not in the label set is lost to the threshold, the rest to the ranking.
    """
    part, values = examined.measured, examined.measured.evaluation.values
    micro, macro = values["micro-recall"], values["macro-recall-supported"]
    groups = {
        name: group.values["micro-recall"] or 0.0
        for name, group in part.evaluation.groups.items()
        if name != "unseen" and group.positives >= _FEWEST_PAIRS
    }
    rest = [name for name in groups if name != GROUPS[0]]
    if micro - macro < _APART or not rest:
        return []
    cuts = check_cuts(examined.run.config.evaluate.cuts)
    returned, listed = _found(examined, cuts)
    evidence = {"micro-recall": micro, "macro-recall": macro}
    evidence |= {f"recall of {name}": recall for name, recall in groups.items()}
    evidence |= {"pairs outside the head, returned": returned, "the same, in the lists": listed}
    said = (
        f"Of the true pairs of labels with fewer than {cuts[1]} training documents, {percent(returned)} are in the "
        f"label sets and {percent(listed)} stand among the first {part.topk.k}: {points(listed - returned)} are lost "
        f"to the threshold, {points(1 - listed)} to the ranking. "
    )
    if listed - returned > 0.5 * (1 - returned):
        why = said + "The scores know more than is returned: one threshold for all suits frequent labels."
        settings = weigh_missed_labels(examined)
    else:
        why = said + "What is not in the lists no threshold can return: there the model itself knows too little."
        settings = (*weigh_missed_labels(examined), *rank_rare_higher(examined))
    return [
        Finding(
            "tail-gap",
            "warning" if micro - macro >= _FAR_APART else "note",
            f"{percent(micro)} of all true pairs are found (micro-recall), but the mean recall of a label is "
            f"{percent(macro)} (macro-recall): "
            f"{', '.join(f'{name} {percent(recall)}' for name, recall in groups.items())}.",
            why,
            f"{by_label(examined)} Then take a model that uses what rare labels have, their names and single "
            "documents. If labels are weighted in the loss, then by the square root or the logarithm of their rarity, "
            "capped at 10 to 100, never by the rarity itself.",
            settings=settings,
            evidence=evidence,
        )
    ]


def _found(examined: Examined, cuts: tuple[int, int]) -> tuple[float, float]:
    """Shares of the true pairs of trained labels outside the head that are returned, and that stand in the lists."""
    part = examined.measured
    member = np.isin(groups_of(examined.counts, cuts), (1, 2))
    listed = as_matrix(part.topk, part.topk.indices >= 0, len(examined.labels))
    truth = part.truth[:, member]
    returned, in_lists = (truth.multiply(found[:, member]).nnz / max(truth.nnz, 1) for found in (part.sets, listed))
    return float(returned), float(in_lists)
