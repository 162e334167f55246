"""The fused model beside its peers, its own parts alone, and what `auto` chooses; arms run in turn.

    python benchmarks/fused.py --data-root DIR --data wordnet3 eurlex57k
    python benchmarks/fused.py --data-root DIR --data wordnet3 --ablation

The first writes ``benchmarks/results/fused_NAME.{md,json}``, the second ``fused_ablation_NAME.{md,json}``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ablation import FOLDS, ablate
from ablation_page import ablation_page
from arms import ARMS
from features import make_features, read_facts
from fused_page import page
from measure import Run
from quality import against_best_peer, judge_arms
from summary import medians
from training_bound import training_bounds
from turns import add_options, parsed, run_in_turn, session_facts

DEFAULT = (
    "manylabel-fused", "manylabel-fused-ovr", "manylabel-auto", "manylabel-tree", "manylabel-trees3", "manylabel-ovr",
    "pecos", "omikuji", "napkinxc", "libmultilabel-tree",
)  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, DEFAULT)
    parser.add_argument(
        "--ablation", action="store_true", help="fit rankers without single parts instead of running arms"
    )
    parser.add_argument(
        "--folds", nargs="+", type=int, metavar="N", help=f"numbers of folds of the ablation, by default {FOLDS}"
    )
    arguments = parsed(parser)
    _check(parser, arguments)
    arguments.results.mkdir(parents=True, exist_ok=True)
    for data in arguments.data:
        if arguments.ablation:
            found = {**session_facts(), **ablate(arguments.data_root / data, folds=arguments.folds or FOLDS)}
            _write(arguments.results, f"fused_ablation_{data}", ablation_page(found), found)
            continue
        features = make_features(arguments.data_root, data)
        runs, failed = run_in_turn([ARMS[name] for name in arguments.arms], features, arguments)
        if not runs:
            sys.exit(f"{data}: no arm ran: {failed}")
        _report(arguments.results, features, runs, failed)


def _check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End where an option would have no effect."""
    if not arguments.ablation:
        if arguments.folds:
            parser.error("--folds: only the ablation judges with several numbers of folds, see --ablation")
        return
    for name in ("arms", "repeats", "repeats_of", "reuse", "threads"):
        if (getattr(arguments, name) or []) != parser.get_default(name):
            parser.error(f"--ablation runs no arm: leave --{name.replace('_', '-')} out")


def _report(results: Path, features: Path, runs: list[Run], failed: dict[str, str]) -> None:
    judged = judge_arms(runs, features)
    compared = [arm for arm in judged if ARMS[arm].texts]
    found = {
        **session_facts(),
        "features": read_facts(features),
        "medians": medians(runs),
        "training_bounds": training_bounds(runs, read_facts(features) or {}),
        "quality": {arm: judgement.to_dict() for arm, judgement in judged.items()},
        "differences": [entry for arm in compared for entry in against_best_peer(judged, arm)],
        "not_run": failed,
        "runs": [{"arm": r.arm.name, "repeat": r.repeat, "reused": r.reused, **r.result} for r in runs],
    }
    _write(results, f"fused_{features.parent.name}", page(runs, judged, found), found)


def _write(results: Path, name: str, text: str, found: dict[str, Any]) -> None:
    (results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (results / f"{name}.md").write_text(text, encoding="utf-8")
    print(f"{text}\nwritten: {results / name}.md and .json\n")


if __name__ == "__main__":
    main()
