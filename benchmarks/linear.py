"""Linear models beside their peers, on the same matrices, in turn.

    python benchmarks/linear.py --data-root DIR --data wordnet3 eurlex57k --arms manylabel-tree pecos omikuji

Runs A B C A B C ..., each in a process of its own, and writes ``benchmarks/results/linear_NAME.{md,json}``.
"""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from pathlib import Path

from arms import ARMS, HERE, Arm
from features import add_data_root, make_features, read_facts
from machine import commit, machine_facts
from measure import ArmFailedError, Run, earlier_run, run_arm
from tables import markdown, write_results


def main() -> None:
    """Command line."""
    arguments = _parse()
    arms = [ARMS[name] for name in arguments.arms]
    for data in arguments.data:
        features = make_features(arguments.data_root, data)
        runs, failed = _measure(arms, features, arguments)
        if not runs:
            sys.exit(f"{data}: no arm ran: {failed}")
        facts = {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
            "commit": commit(),
            "machine": machine_facts(),
            "command": _command(),
            "features": read_facts(features),
        }
        path = write_results(arguments.results, f"linear_{data}", runs, failed, facts)
        print(markdown(runs, failed, facts))
        print(f"written: {path} and .json\n")


def _measure(arms: list[Arm], features: Path, arguments: argparse.Namespace) -> tuple[list[Run], dict[str, str]]:
    """All runs, sorted by arm as asked for, and why an arm has none."""
    runs: list[Run] = []
    failed: dict[str, str] = {}
    fresh = []
    for arm in arms:
        earlier = earlier_run(arm, features, threads=arguments.threads) if arm.name in arguments.reuse else None
        if earlier is None:
            fresh.append(arm)
        else:
            _say(f"{features.parent.name}: {arm.name}: reusing the run of {earlier.result['date']}")
            runs.append(earlier)
    for repeat in range(arguments.repeats):
        for arm in fresh:
            if repeat >= min(arm.repeats, arguments.repeats_of.get(arm.name, arm.repeats)) or arm.name in failed:
                continue
            _say(f"{features.parent.name}: {arm.name}: run {repeat + 1} ...")
            try:
                run = run_arm(arm, features, repeat=repeat, threads=arguments.threads)
            except ArmFailedError as error:
                failed[arm.name] = str(error)
                _say(f"  failed: {error}")
                continue
            runs.append(run)
            _say(f"  trained in {run.result['train_seconds']} s, {run.result['total_seconds']} s in all")
    order = {arm.name: position for position, arm in enumerate(arms)}
    return sorted(runs, key=lambda run: (order[run.arm.name], run.repeat)), failed


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=["manylabel-tree", "pecos"], metavar="ARM")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each arm (slow arms have a limit of their own)")
    parser.add_argument(
        "--repeats-of", nargs="+", default=[], metavar="ARM=N", help="another limit for single arms, as omikuji=1"
    )
    parser.add_argument(
        "--reuse",
        nargs="+",
        choices=ARMS,
        default=[],
        metavar="ARM",
        help="take these from an earlier run if there is one",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    limits = {}
    for item in arguments.repeats_of:
        arm, _, number = item.partition("=")
        if arm not in ARMS or not number.isdigit():
            parser.error(f"--repeats-of {item}: expected ARM=N with one of {', '.join(ARMS)}")
        limits[arm] = int(number)
    arguments.repeats_of = limits
    for arm in arguments.reuse:
        if ARMS[arm].ours:
            parser.error(f"--reuse {arm}: our own code changes, so it is always measured anew")
    return arguments


def _command() -> str:
    """The command as given, without the folder of the data, which is another on every machine."""
    words = ["python", "benchmarks/linear.py"]
    given = iter(sys.argv[1:])
    for word in given:
        if word.startswith("--data-root"):
            if "=" not in word:
                next(given)
            words += ["--data-root", "DIR"]
        else:
            words.append(word)
    return shlex.join(words)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
