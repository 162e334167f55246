"""A threshold that is given."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from manylabel.decide.examples import Examples
from manylabel.decide.method import ThresholdMethod
from manylabel.decide.methods.fixed_config import FixedConfig


class Fixed(ThresholdMethod):
    """Labels with at least the given score."""

    kind: ClassVar[str] = "fixed"
    learns: ClassVar[bool] = False
    config: FixedConfig

    def fit(self, examples: Examples) -> Self:
        """Take the threshold that is given, or that of the kind of score."""
        given = self.config.threshold
        self.common = np.float32(examples.topk.default_threshold if given is None else given)
        return self

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        return [f"labels with a score of at least {self.common:g}"]
