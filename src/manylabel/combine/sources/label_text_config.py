"""The options of the `label-text` source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class LabelTextConfig(Section):
    """Options of the `label-text` source."""

    kind: Literal["label-text"] = "label-text"
    candidates: int = Field(default=30, ge=1, description="Labels proposed at most.")
    max_share: float = Field(
        default=0.2, gt=0, le=1, description="Words that more than this share of the labels' texts have do not count."
    )
    levels: int = Field(default=3, ge=0, description="Parents whose texts make up the path of a label, upwards.")
