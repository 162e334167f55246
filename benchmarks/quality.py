"""How good the answers of arms are: by group of labels, against the best peer with intervals, and as probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arms import ARMS
from manylabel.metrics.compare import compare
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.reliability import reliability
from manylabel.metrics.settings import Settings
from measure import Run
from scoring import evaluation, right_of

METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "R@10", "PSP@5", "micro-F1", "macro-F1")
F1_AT_5 = "F1@5"
SHOWN = (*METRICS, F1_AT_5)
COMPARED = ("P@1", "P@3", "P@5", "nDCG@5", "R@10", "PSP@5", "micro-F1")
ALL = "all"
SETTINGS = Settings(metrics=(*METRICS, "R@5"), n_bootstrap=0)

Values = Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the first run of an arm answered, evaluated.

    Attributes:
        run: the run.
        evaluation: of its top 10, by group.
        calibration: expected calibration error of the labels returned, in [0, 1]; None for scores that are no
            probabilities.
    """

    run: Run
    evaluation: Evaluation
    calibration: float | None

    def values(self, view: str = ALL) -> dict[str, float | None]:
        """The metrics shown, as fractions, over all labels or those of a group; None where the group is empty."""
        found = self.evaluation.values if view == ALL else self.evaluation.groups[view].values
        return with_f1_at_5(found)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"repeat": self.run.repeat, "calibration_error": self.calibration, **self.evaluation.to_dict()}


def with_f1_at_5(values: Values) -> dict[str, float | None]:
    """The same with the F1 of mean precision and mean recall of the first five labels, as in SemEval-2025 task 5."""
    precision, recall = values["P@5"], values["R@5"]
    if precision is None or recall is None:
        return {**values, F1_AT_5: None}
    return {**values, F1_AT_5: 2 * precision * recall / (precision + recall) if precision + recall else 0.0}


def judge_arms(runs: Sequence[Run], features: Path) -> dict[str, Judgement]:
    """The first run of every arm, evaluated over the labels that any of them could name."""
    columns = max(run.result.get("columns", 0) for run in runs)
    first = {run.arm.name: run for run in reversed(runs)}
    return {name: _judged(first[name], features, columns) for name in dict.fromkeys(run.arm.name for run in runs)}


def _judged(run: Run, features: Path, columns: int) -> Judgement:
    file, kind = run.folder / "topk.npz", run.result["score_kind"]
    error = reliability(*right_of(features, file)).ece if kind == "probability" else None
    return Judgement(run, evaluation(features, file, kind, columns, SETTINGS), error)


def best_peer(judged: Mapping[str, Judgement], metric: str, view: str = ALL) -> tuple[str, float] | None:
    """The peer with the highest value of a metric, and the value; None without a peer or a label in the group."""
    found = [(name, judgement.values(view)[metric]) for name, judgement in judged.items() if not ARMS[name].ours]
    known = [(name, value) for name, value in found if value is not None]
    return max(known, key=lambda item: item[1], default=None)


def against_best_peer(judged: Mapping[str, Judgement], arm: str) -> list[dict[str, Any]]:
    """An arm minus the best peer of each metric, with paired 95 % bootstrap intervals over the test documents."""
    peers = {metric: best[0] for metric in COMPARED if (best := best_peer(judged, metric)) is not None}
    found = []
    for peer in dict.fromkeys(peers.values()):
        metrics = [metric for metric in COMPARED if peers.get(metric) == peer]
        both = judged[peer].evaluation, judged[arm].evaluation
        comparison = compare(*both, metrics=metrics, names=(peer, arm))
        found += [{"arm": arm, "peer": peer, **comparison[metric].to_dict()} for metric in metrics]
    return sorted(found, key=lambda entry: COMPARED.index(entry["metric"]))
