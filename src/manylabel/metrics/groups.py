"""Groups of labels by number of training documents: head, torso, tail, unseen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.core.errors import ConfigError

GROUPS = ("head", "torso", "tail", "unseen")
"""Names of the groups; a label's group is a position in this tuple."""

DEFAULT_CUTS = (10, 100)
"""Torso begins at the first, head at the second number of training documents."""


def check_cuts(cuts: Sequence[int]) -> tuple[int, int]:
    """The two cut points.

    Raises:
        ConfigError: not two whole numbers, or not ``1 <= torso <= head``.
    """
    if len(cuts) != 2 or any(int(cut) != cut for cut in cuts) or not 1 <= cuts[0] <= cuts[1]:
        raise ConfigError(
            f"cuts {tuple(cuts)}: expected two numbers of training documents, where the torso begins and where the "
            "head begins, for example (10, 100)"
        )
    return int(cuts[0]), int(cuts[1])


def groups_of(counts: np.ndarray, cuts: tuple[int, int] = DEFAULT_CUTS) -> np.ndarray:
    """Group of each label, int8 ``[L]``.

    With the default cuts: head (0) has at least 100 training documents, torso (1) 10 to 99, tail (2) 1 to 9,
    unseen (3) none.

    Args:
        counts: number of training documents of each label, int ``[L]``.
        cuts: see :func:`check_cuts`.
    """
    torso, head = cuts
    return np.select([counts >= head, counts >= torso, counts > 0], [0, 1, 2], 3).astype(np.int8)


def describe(cuts: tuple[int, int]) -> dict[str, str]:
    """What each group holds, in training documents: ``{"head": ">= 100", "torso": "10-99", ...}``."""
    torso, head = cuts
    return {
        "head": f">= {head}",
        "torso": f"{torso}-{head - 1}" if head > torso else "none",
        "tail": f"1-{torso - 1}" if torso > 1 else "none",
        "unseen": "0",
    }
