"""``manylabel decide``."""

from __future__ import annotations

from typing import Annotated

import typer

from manylabel.cli import options
from manylabel.cli.progress import make_progress


def decide(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="Documents with labels that the run has not learned from; by default its training data.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="How to decide (list decisions); without it, methods are compared and none is kept."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="What to aim at: a metric for global; for risk-control what is kept, e.g. 'tail recall>=0.9' or "
            "'wrong<=0.2', repeatable for several groups of labels."
        ),
    ] = None,
    k: Annotated[
        int, typer.Option("--k", "-k", min=1, help="Labels listed for each document, here and when predicting.")
    ] = 100,
    folds: Annotated[int, typer.Option(min=2, help="Models trained for scores of the training data.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of folds, and of the halves that results are measured on.")] = 0,
    format: options.Format = None,  # noqa: A002
    unknown_labels: options.Unknown = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Assign an option of the method, e.g. calibration=isotonic, or of the section data or evaluate; "
            "repeatable.",
        ),
    ] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Decide which labels to return, from a run's scores; nothing is trained anew.

    The decision is fitted on documents that the model did not learn from, and kept in the run: predict writes the
    labels it assigns, evaluate measures them. Documents that the run was trained on are known again; their scores then
    come from models trained without them, one for each fold.
    """
    import json

    from manylabel.core.errors import ConfigError
    from manylabel.runs.decide import Choice, compare_decisions, comparison_table, decide_run

    own, others = _divided(set_ or [])
    overrides = options.assignments(others, format=format, unknown_labels=unknown_labels)
    progress = make_progress(quiet)
    if method is None:
        if own or target:
            raise ConfigError(f"{'--set ' + own[0] if own else '--target'}: name a --method (list decisions) for that")
        found = compare_decisions(run, data, k=k, folds=folds, seed=seed, overrides=overrides, progress=progress)
        if json_:
            print(json.dumps({name: decision.facts for name, decision in found.items()}, ensure_ascii=False))
            return
        print(comparison_table(found))
        progress.note("nothing was kept: name one with --method, or keep a target with --method risk-control")
        return
    choice = Choice(method, tuple(target or ()), tuple(own))
    decision = decide_run(run, data, choice=choice, k=k, folds=folds, seed=seed, overrides=overrides, progress=progress)
    if json_:
        print(json.dumps({"method": decision.kind, "found": decision.method.facts, **decision.facts}))
        return
    print(decision.describe())


def _divided(assignments: list[str]) -> tuple[list[str], list[str]]:
    """Those of the method, and those of the sections data and evaluate."""
    others = [item for item in assignments if item.partition("=")[0].strip().partition(".")[0] in ("data", "evaluate")]
    return [item for item in assignments if item not in others], others
