"""How to evaluate: the options of :func:`manylabel.metrics.evaluate.evaluate`, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from manylabel.core.errors import ConfigError
from manylabel.metrics import DEFAULT, METRICS
from manylabel.metrics.groups import DEFAULT_CUTS, check_cuts
from manylabel.metrics.metric import Metric
from manylabel.metrics.names import MetricName, parse_metrics
from manylabel.metrics.propensity import DEFAULT_A, DEFAULT_B, check_propensity

Empty = Literal["skip", "zero"]
"""Documents without a true label are left out of everything, or count as they are."""


@dataclass(frozen=True)
class Settings:
    """The options of an evaluation.

    Attributes:
        metrics: names as in :data:`manylabel.metrics.METRICS`, with cuts, in any case: ``("P@1", "ndcg@5")``.
        threshold: label sets are the listed labels with at least this score; by default `TopK.default_threshold`.
        top_n: label sets are the first n labels instead.
        propensity_a, propensity_b: constants of the propensities.
        cuts: numbers of training documents from which a label is torso and head.
        groups: report every metric also by group.
        confidence: of the intervals.
        n_bootstrap: number of resamples for the intervals, 0 for none.
        seed: of the resamples.
        empty: what to do with documents without a true label: ``skip`` leaves them out of everything, also of what is
            wrongly predicted for them; with ``zero`` they count: 0 in every metric of ranking, and in those of label
            sets what their formula says (1 where nothing is assigned, Hamming 0). In a mean by group, documents
            without a true label of the group are always left out.

    Raises:
        ConfigError: an unknown metric, or a value out of range.
    """

    metrics: Sequence[str] = DEFAULT
    threshold: float | None = None
    top_n: int | None = None
    propensity_a: float = DEFAULT_A
    propensity_b: float = DEFAULT_B
    cuts: Sequence[int] = DEFAULT_CUTS
    groups: bool = True
    confidence: float = 0.95
    n_bootstrap: int = 1000
    seed: int = 0
    empty: Empty = "skip"

    def __post_init__(self) -> None:
        if self.threshold is not None and self.top_n is not None:
            raise ConfigError("threshold and top_n both say what the label sets are: give one of them")
        if self.threshold is not None and self.threshold != self.threshold:
            raise ConfigError("threshold is not a number")
        if self.top_n is not None and self.top_n < 1:
            raise ConfigError(f"top_n {self.top_n}: must be at least 1")
        if not 0.0 < self.confidence < 1.0:
            raise ConfigError(f"confidence {self.confidence}: must lie between 0 and 1, for example 0.95")
        if self.n_bootstrap < 0 or self.seed < 0:
            raise ConfigError(f"n_bootstrap {self.n_bootstrap}, seed {self.seed}: must not be negative")
        if self.empty not in ("skip", "zero"):
            raise ConfigError(f"empty {self.empty!r}: known are skip and zero")
        check_propensity(self.propensity_a, self.propensity_b)
        object.__setattr__(self, "cuts", check_cuts(self.cuts))
        object.__setattr__(self, "metrics", tuple(str(name) for name in parse_metrics(self.metrics)))

    @cached_property
    def names(self) -> tuple[MetricName, ...]:
        """The metrics asked for, each once."""
        return parse_metrics(self.metrics)

    @cached_property
    def implementations(self) -> tuple[tuple[MetricName, Metric], ...]:
        """The metrics asked for with their implementations."""
        return tuple((name, METRICS.load(name.entry)) for name in self.names)

    @property
    def per_document(self) -> tuple[tuple[MetricName, Metric], ...]:
        """Those that are sums over documents."""
        return tuple((name, metric) for name, metric in self.implementations if metric.kind in ("mean", "ratio"))

    @property
    def wants_curves(self) -> bool:
        """Some metric needs the scores of all listed labels."""
        return any(metric.kind == "curve" for _, metric in self.implementations)

    @property
    def wants_hits(self) -> bool:
        """Some metric needs to know which label was a hit at which rank."""
        return any(metric.kind == "labels" and name.k is not None for name, metric in self.implementations)

    @property
    def wants_weights(self) -> bool:
        """Some metric needs propensities."""
        return any(metric.needs_counts for _, metric in self.implementations)

    @property
    def lower_bounds(self) -> tuple[str, ...]:
        """Metrics for which a list cut at k gives a lower bound."""
        return tuple(str(name) for name, metric in self.implementations if metric.needs_whole_list)

    def depth(self, k: int) -> int:
        """How many columns of lists of k the per-document metrics and hits read."""
        if self.lower_bounds:
            return k
        return max((name.k for name in self.names if name.k is not None), default=0)
