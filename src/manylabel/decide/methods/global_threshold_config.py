"""The options of `global`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from manylabel.core.errors import ConfigError
from manylabel.decide.section import MethodSection
from manylabel.metrics import METRICS
from manylabel.metrics.names import parse_metrics

_OF_LISTS = ("LRAP", "macro-AUPRC", "micro-AUPRC")


class GlobalConfig(MethodSection):
    """Options of `global`."""

    target_field: ClassVar[str | None] = "metric"

    kind: Literal["global"] = "global"
    metric: str = Field(
        default="micro-F1", description="What the threshold is best for: any metric of label sets, e.g. macro-F1."
    )

    @field_validator("metric")
    @classmethod
    def _of_label_sets(cls, value: str) -> str:
        try:
            name = parse_metrics((value,))[0]
        except ConfigError as error:
            raise ValueError(str(error)) from None
        if name.k is not None or name.entry in _OF_LISTS:
            known = ", ".join(entry for entry in METRICS if "@" not in entry and entry not in _OF_LISTS)
            raise ValueError(f"{name} does not depend on a threshold, known are: {known}")
        return str(name)
