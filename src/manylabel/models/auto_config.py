"""The options of `auto`: none, that is what it is for."""

from __future__ import annotations

from typing import Literal

from manylabel.core.config import Section


class AutoConfig(Section):
    """Options of `auto`: which model, and how it is configured, follows from the training data."""

    kind: Literal["auto"] = "auto"
