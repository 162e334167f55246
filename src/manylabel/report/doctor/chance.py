"""How far chance moves a share of documents."""

from __future__ import annotations

import math

_STANDARD_ERRORS = 1.96
_RULE_OF_THREE = 3.0


def half_width(share: float, documents: int) -> float:
    """Half the width of the 95 % interval of a share, by the normal approximation; never under 3 / n.

    Where nothing was wrong in n documents, up to 3 / n of all others may be (Hanley and Lippman-Hand 1983); resamples
    of a perfect score, which are all perfect, do not show that.
    """
    return max(_STANDARD_ERRORS * math.sqrt(share * (1 - share) / documents), least_half_width(documents))


def least_half_width(documents: int) -> float:
    """What n documents leave open at the very least, whatever the score."""
    return _RULE_OF_THREE / documents
