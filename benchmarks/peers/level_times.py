"""Times of the levels of a tree of networks, for both libraries: the standard library only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class LevelClock:
    """The times of the epochs of one level, in seconds.

    Attributes:
        began, ended: of the level, on the clock of the process.
        train: of each epoch.
        validation: after each epoch.
    """

    began: float = 0.0
    ended: float = 0.0
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def epoch(self, began: float, trained: float, measured: float) -> None:
        """Add an epoch."""
        if not self.train:
            self.began = began
        self.train.append(round(trained - began, 3))
        self.validation.append(round(measured - trained, 3))
        self.ended = measured


def times_of(levels: list[LevelClock], began: float, clustering: float | None) -> dict[str, object]:
    """What a runner says of its levels; a network without clusters has one.

    Args:
        levels: from the first on.
        began: when training began.
        clustering: seconds from texts to clusters; None for a network without.
    """
    found: dict[str, object] = {
        "levels": [{key: value for key, value in asdict(level).items() if isinstance(value, list)} for level in levels],
        "before_epochs_seconds": round(levels[0].began - began, 3),
    }
    if len(levels) > 1:
        found["choosing_seconds"] = round(levels[1].began - levels[0].ended, 3)
    return found if clustering is None else found | {"clustering_seconds": round(clustering, 3)}
