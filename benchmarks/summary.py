"""Medians of the runs of each arm, and ratios taken pair by pair against the best peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from arms import ARMS
from measure import Run


@dataclass(frozen=True)
class Measure:
    """One column of the table.

    Attributes:
        name: its heading.
        read: its value in a runner's result.
        target: the ratio to the best peer that manylabel is to reach; None where nothing was promised.
        higher: more is better; the target is then a lower bound.
        clock: it is a time, which may be compared only between runs made side by side.
    """

    name: str
    read: Callable[[dict[str, Any]], float]
    target: float | None = None
    higher: bool = False
    clock: bool = False


def _metric(name: str, target: float | None = None) -> Measure:
    return Measure(name, lambda result: 100 * result["metrics"][name], target, higher=True)


MEASURES = (
    Measure("train s", lambda r: r["train_seconds"], 1.0, clock=True),
    Measure("train cpu-s", lambda r: r["train_cpu_seconds"], clock=True),
    Measure("predict s", lambda r: r["predict_seconds"], 1.0, clock=True),
    Measure("predict cpu-s", lambda r: r["predict_cpu_seconds"], clock=True),
    Measure("one row ms", lambda r: r["latency_ms_p50"], 1.0, clock=True),
    Measure("one row p95 ms", lambda r: r["latency_ms_p95"], clock=True),
    Measure("peak MB", lambda r: r["peak_rss_mb"], 1.2),
    Measure("over start MB", lambda r: r["peak_rss_mb"] - r["rss_before_training_mb"]),
    Measure("model MB", lambda r: r["model_bytes"] / 1e6, 1.0),
    _metric("P@1", 1.0),
    _metric("P@3", 1.0),
    _metric("P@5", 1.0),
    _metric("nDCG@5"),
    _metric("PSP@1"),
    _metric("PSP@5", 1.0),
    _metric("micro-F1"),
    _metric("macro-F1"),
    _metric("macro-F1-supported"),
)


def medians(runs: list[Run]) -> dict[str, dict[str, float]]:
    """By arm, the median of every measure over its runs."""
    return {
        arm: {m.name: median(m.read(run.result) for run in runs if run.arm.name == arm) for m in MEASURES}
        for arm in dict.fromkeys(run.arm.name for run in runs)
    }


def best_peer(runs: list[Run], measure: Measure) -> str | None:
    """The best peer by paired ratios; for times only among those measured in this session. None without a peer."""
    allowed = [run for run in runs if not run.arm.ours and not (measure.clock and run.reused)]
    best: str | None = None
    for arm in dict.fromkeys(run.arm.name for run in allowed):
        if best is None or (paired_ratio(allowed, arm, best, measure) > 1) == measure.higher:
            best = arm
    return best


def paired_ratio(runs: list[Run], arm: str, reference: str, measure: Measure) -> float:
    """Median over the repeats that both have of ``arm / reference``; of the medians where they share no repeat."""
    by_repeat = {
        name: {r.repeat: measure.read(r.result) for r in runs if r.arm.name == name} for name in (arm, reference)
    }
    shared = by_repeat[arm].keys() & by_repeat[reference].keys()
    if measure.clock and shared:
        return median(by_repeat[arm][repeat] / by_repeat[reference][repeat] for repeat in shared)
    return median(by_repeat[arm].values()) / median(by_repeat[reference].values())


def comparisons(runs: list[Run]) -> list[dict[str, Any]]:
    """For each arm of manylabel and each promised measure: ours, the best peer's, the ratio, and whether it is met."""
    found = []
    columns = medians(runs)
    for arm in (name for name in columns if ARMS[name].ours):
        for measure in MEASURES:
            peer = best_peer(runs, measure)
            if measure.target is None or peer is None:
                continue
            ratio = paired_ratio(runs, arm, peer, measure)
            found.append(
                {
                    "arm": arm,
                    "measure": measure.name,
                    "ours": columns[arm][measure.name],
                    "peer": peer,
                    "theirs": columns[peer][measure.name],
                    "ratio": ratio,
                    "target": measure.target,
                    "higher_is_better": measure.higher,
                    "met": ratio >= measure.target if measure.higher else ratio <= measure.target,
                }
            )
    return found
