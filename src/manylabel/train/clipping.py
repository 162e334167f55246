"""To which norm gradients are cut."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from manylabel.train.config import ADAPTIVE, TrainConfig

_REMEMBERED, _TIMES, _GROWTH, _MOST = 5, 5.0, 2.0, 1.0


class Clipping:
    """Never, at a fixed norm, or at five times the largest of the last five.

    The last is that of AttentionXML's authors (You et al. 2019, in their code): of a step's norm before cutting, no
    more than 1 and no more than twice the largest that is remembered is remembered. The first step is not cut.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._fixed = config.max_grad_norm
        self._norms = deque([math.inf], maxlen=_REMEMBERED)

    def limit(self) -> float:
        """The norm that the gradients of the present step are cut to."""
        if self._fixed is None:
            return math.inf
        return _TIMES * max(self._norms) if self._fixed == ADAPTIVE else float(self._fixed)

    def seen(self, norm: float) -> None:
        """A step's gradients had this norm before they were cut."""
        self._norms.append(min(norm, _GROWTH * max(self._norms), _MOST))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"norms": list(self._norms)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        self._norms = deque(map(float, state["norms"]), maxlen=_REMEMBERED)
