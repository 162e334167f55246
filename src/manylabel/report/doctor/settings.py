"""Changes of configuration to try, for each purpose, as assignments that the model at hand knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from manylabel.core.config import Section
from manylabel.core.errors import ConfigError
from manylabel.report.doctor.examined import Examined
from manylabel.runs.config import parse_config

_LEARNER = "sources.linear.model"
_FACTOR = 4.0


def fit_less(examined: Examined) -> tuple[str, ...]:
    """Learn the training documents less by heart."""
    learner, path = _learner(examined)
    found = _costs(learner, path, 1 / _FACTOR)
    if _value(examined.run.config.model, "features.min_df") == 1:
        found.append("model.features.min_df=2")
    return _known(examined, found)


def fit_more(examined: Examined) -> tuple[str, ...]:
    """Learn more from the same documents."""
    learner, path = _learner(examined)
    found = _costs(learner, path, _FACTOR)
    model = examined.run.config.model
    if _value(model, "features.analyzer") in ("auto", "word") and _value(model, "features.ngram_range") is None:
        found.append("model.features.ngram_range=[1,2]")
    if _value(model, "features.sublinear_tf") is False:
        found.append("model.features.sublinear_tf=true")
    if _value(learner, "trees") == 1:
        found.append(f"{path}.trees=3")
    return _known(examined, found)


def rank_rare_higher(examined: Examined) -> tuple[str, ...]:
    """Serve rare labels better: another model, or another aim of the ranker."""
    if examined.kind == "fused":
        return _known(examined, ["model.rare_weight=0.5"])
    return _known(examined, ["model=fused"])


def weigh_missed_labels(examined: Examined) -> tuple[str, ...]:
    """Let a missed label cost more than a false one, where the model has a loss for each label."""
    learner, path = _learner(examined)
    if learner is not None and "cost_search" in type(learner).model_fields:
        wanted = [f"{path}.cost_search=macro-F1"] if _value(learner, "cost_search") is None else []
    else:
        wanted = [f"{path}.solver.positive_cost=2"] if _value(learner, "solver.positive_cost") == 1.0 else []
    return _known(examined, wanted)


def known_to(examined: Examined, assignments: Iterable[str]) -> tuple[str, ...]:
    """Those of some assignments that the run's configuration accepts."""
    return _known(examined, assignments)


def _known(examined: Examined, assignments: Iterable[str]) -> tuple[str, ...]:
    values = examined.run.config.model_dump(mode="json")
    kept = []
    for assignment in assignments:
        try:
            parse_config(values, [assignment])
        except ConfigError:
            continue
        kept.append(assignment)
    return tuple(kept)


def _learner(examined: Examined) -> tuple[Section | None, str]:
    """The section of the linear model, and the path to it: a model of its own, or the first source of a fused one."""
    model = examined.run.config.model
    if examined.kind != "fused":
        return model, "model"
    source = model.in_use.get("linear")
    return getattr(source, "model", None), f"model.{_LEARNER}"


def _costs(learner: Section | None, path: str, factor: float) -> list[str]:
    cost = _value(learner, "solver.cost")
    return [] if cost is None else [f"{path}.solver.cost={cost * factor:g}"]


def _value(section: Section | None, path: str) -> Any:
    found: Any = section
    for name in path.split("."):
        found = getattr(found, name, None)
    return found
