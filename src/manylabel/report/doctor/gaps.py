"""The distance between training and test, by the same metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

from manylabel.report.doctor.examined import CannotLookError, Examined

RANKING = "P@1"
_METRICS = ("micro-F1", RANKING)
ASKED_NOW = "test documents"
"""What a gap of the model as it is was measured on."""

_HIGH = 0.6
_LOST = 0.4


@dataclass(frozen=True)
class Gap:
    """One metric on both sides.

    Attributes:
        metric: its name.
        train: its value on training documents as they are.
        test: its value on the others.
        other: what the others are called.
    """

    metric: str
    train: float
    test: float
    other: str

    @property
    def size(self) -> float:
        """How much higher training is."""
        return self.train - self.test


def gaps(examined: Examined) -> list[Gap]:
    """Of the model as it is, where training documents are at hand; and of the last epoch, where there were epochs.

    Raises:
        CannotLookError: neither.
    """
    found = curve_gaps(examined)
    try:
        examined.enough()
        trained = examined.trained_part().evaluation.values
    except CannotLookError:
        if not found:
            raise
        return found
    measured = examined.measured.evaluation.values
    return [Gap(name, trained[name], measured[name], ASKED_NOW) for name in _METRICS] + found


def curve_gaps(examined: Examined) -> list[Gap]:
    """Of the leading metric of the learning curves, in the last epoch that has both sides."""
    if examined.curves is None:
        return []
    name = examined.curves.leading()
    if name is None:
        return []
    train, validation = (dict(examined.curves.series(side, name)) for side in ("train", "validation"))
    both = sorted(set(train) & set(validation))
    if not both or not all(map(math.isfinite, (train[both[-1]], validation[both[-1]]))):
        return []
    return [Gap(name, train[both[-1]], validation[both[-1]], f"the validation part in epoch {both[-1]}")]


def far_apart(examined: Examined) -> Gap | None:
    """The widest of the gaps that learning by heart does not explain: high in training, next to nothing elsewhere.

    Of the model as it is, P@1 is taken, which no threshold can spoil.

    Raises:
        CannotLookError: as for :func:`gaps`.
    """
    ranked = [gap for gap in gaps(examined) if gap.other != ASKED_NOW or gap.metric == RANKING]
    wide = [gap for gap in ranked if gap.train >= _HIGH and gap.test <= _LOST * gap.train]
    return max(wide, key=lambda gap: gap.size, default=None)
