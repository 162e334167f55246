"""Names of metrics as users write them: ``P@5``, ``ndcg@10``, ``Macro-F1``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from manylabel.core.config import did_you_mean
from manylabel.core.errors import ConfigError
from manylabel.metrics import METRICS

_CUT = "@k"
_ENTRIES = {entry.casefold(): entry for entry in METRICS}


@dataclass(frozen=True)
class MetricName:
    """A metric asked for.

    Attributes:
        entry: its name in :data:`manylabel.metrics.METRICS`, for example ``P@k``.
        k: the cut, or None for a metric without one.
    """

    entry: str
    k: int | None = None

    def __str__(self) -> str:
        return self.entry if self.k is None else f"{self.entry.removesuffix(_CUT)}@{self.k}"


def parse_metric(text: str) -> MetricName:
    """Read one name; upper and lower case do not matter.

    Raises:
        ConfigError: no such metric (with the nearest one), a cut missing, superfluous, or not a positive number.
    """
    base, at, cut = text.strip().partition("@")
    plain, with_cut = _ENTRIES.get(base.casefold()), _ENTRIES.get(base.casefold() + _CUT)
    if plain is None and with_cut is None:
        raise ConfigError(f"unknown metric{_guess(text.strip(), cut)}")
    if plain is not None and (not at or with_cut is None):
        if at:
            raise ConfigError(f"metric {text!r}: {plain} takes no cut, write {plain}")
        return MetricName(plain)
    assert with_cut is not None
    name = with_cut.removesuffix(_CUT)
    if not (cut.isascii() and cut.isdigit() and int(cut) > 0):
        raise ConfigError(f"metric {text!r}: {name} needs a cut of at least 1, for example {name}@5")
    return MetricName(with_cut, int(cut))


def parse_metrics(texts: Iterable[str]) -> tuple[MetricName, ...]:
    """Read several names (or a single string), each kept once, in order.

    Raises:
        ConfigError: as :func:`parse_metric`, or none at all.
    """
    names = tuple(dict.fromkeys(parse_metric(text) for text in ([texts] if isinstance(texts, str) else texts)))
    if not names:
        raise ConfigError("no metric is asked for, for example metrics: [P@1, P@5]")
    return names


def _guess(text: str, cut: str) -> str:
    written = {entry.replace(_CUT, f"@{cut or 5}").casefold(): entry.replace(_CUT, f"@{cut or 5}") for entry in METRICS}
    close = difflib.get_close_matches(text.casefold(), list(written), n=1, cutoff=0.6)
    return f" {text!r}, did you mean {written[close[0]]!r}?" if close else did_you_mean(text, list(METRICS))
