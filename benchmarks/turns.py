"""Arms in turn, A B C A B C ..., and the options that say which and how often; for commands that compare arms."""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arms import ARMS, HERE, Arm
from features import add_data_root
from machine import commit, machine_facts
from measure import ArmFailedError, Run, earlier_run, run_arm


def run_in_turn(arms: Sequence[Arm], features: Path, arguments: argparse.Namespace) -> tuple[list[Run], dict[str, str]]:
    """All runs, sorted by arm as asked for, and why an arm has none."""
    runs: list[Run] = []
    failed: dict[str, str] = {}
    fresh = []
    texts = arguments.data_root / features.parent.name
    changed = getattr(arguments, "changed", ())
    for arm in arms:
        earlier = None
        if arm.name in arguments.reuse:
            earlier = earlier_run(arm, features, threads=arguments.threads, changed=arm.name in changed)
        if earlier is None:
            fresh.append(arm)
        else:
            say(f"{features.parent.name}: {arm.name}: reusing the run of {earlier.result['date']}")
            runs.append(earlier)
    for repeat in range(arguments.repeats):
        for arm in fresh:
            if repeat >= min(arm.repeats, arguments.repeats_of.get(arm.name, arm.repeats)) or arm.name in failed:
                continue
            say(f"{features.parent.name}: {arm.name}: run {repeat + 1} ...")
            try:
                run = run_arm(arm, features, repeat=repeat, threads=arguments.threads, texts=texts)
            except ArmFailedError as error:
                failed[arm.name] = str(error)
                say(f"  failed: {error}")
                continue
            runs.append(run)
            say(f"  trained in {run.result['train_seconds']} s, {run.result['total_seconds']} s in all")
    order = {arm.name: position for position, arm in enumerate(arms)}
    return sorted(runs, key=lambda run: (order[run.arm.name], run.repeat)), failed


def add_options(parser: argparse.ArgumentParser, default: Sequence[str]) -> None:
    """The options of a command that runs arms in turn; ``default`` are its arms."""
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(default), metavar="ARM")
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


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments of the command line, of which those of :func:`add_options` are checked."""
    arguments = parser.parse_args()
    limits = {}
    for item in arguments.repeats_of:
        arm, _, number = item.partition("=")
        if arm not in ARMS or not number.isdigit():
            parser.error(f"--repeats-of {item}: expected ARM=N with one of {', '.join(ARMS)}")
        limits[arm] = int(number)
    arguments.repeats_of = limits
    for arm in arguments.reuse:
        if ARMS[arm].texts:
            parser.error(f"--reuse {arm}: it is made of nearly all of our code, so it is always measured anew")
    return arguments


def session_facts() -> dict[str, Any]:
    """What every page of results says: date, commit, machine and command."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "commit": commit(),
        "machine": machine_facts(),
        "command": command(),
    }


_FOLDERS = {"--data-root": "DIR", "--encoder": "FOLDER", "--results": "RESULTS", "--vectors": "FILE"}
"""What stands for folders, which are others on every machine, in a command that is printed."""


def command() -> str:
    """The command as given, without the folders of this machine."""
    words = ["python", f"benchmarks/{Path(sys.argv[0]).name}"]
    given = iter(sys.argv[1:])
    for word in given:
        name, equals, _ = word.partition("=")
        if name in _FOLDERS:
            if not equals:
                next(given)
            words += [name, _FOLDERS[name]]
        else:
            words.append(word)
    return shlex.join(words)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
