"""Run one arm in a process of its own, or find an earlier run of it on the very same matrices."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arms import Arm
from features import read_facts
from machine import touched_since
from scoring import score

K = 10


@dataclass(frozen=True)
class Run:
    """One measured run of an arm.

    Attributes:
        arm: what ran.
        repeat: its number among the repeats of this session.
        result: what the runner wrote, and ``metrics``: fractions by name.
        reused: measured in an earlier session, so not beside the others.
        folder: where its raw output lies.
    """

    arm: Arm
    repeat: int
    result: dict[str, Any]
    folder: Path
    reused: bool = False


class ArmFailedError(Exception):
    """A runner ended with an error; the message is its last line."""


def run_arm(arm: Arm, features: Path, *, repeat: int, threads: int, texts: Path) -> Run:
    """Measure ``arm`` once on a folder of features. What the runner leaves is kept below ``runs/`` beside it.

    Args:
        arm: what runs.
        features: the folder of features.
        repeat: the number of the turn.
        threads: of the arm.
        texts: the data set's own folder, which arms that start from texts read.

    Raises:
        ArmFailedError: the runner failed, or its environment is not there.
    """
    if not arm.python.exists():
        raise ArmFailedError(f"no environment: python benchmarks/peers/make_environments.py {arm.environment}")
    out = _runs(arm, features) / datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    out.mkdir(parents=True)
    command = [str(arm.python), str(arm.script), str(features), str(out), "--k", str(K), "--variant", arm.variant]
    command += ["--texts", str(texts)] if arm.texts else []
    environment = os.environ | {"BENCHMARK_THREADS": str(threads), "PYTHONDONTWRITEBYTECODE": "1"}
    started = time.perf_counter()
    with (out / "output.txt").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False).returncode
    if code != 0 or not (out / "result.json").exists():
        lines = (out / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        shutil.rmtree(out / "model", ignore_errors=True)
        shutil.rmtree(out / "scratch", ignore_errors=True)
        # A killed process says nothing of it: its last line would pass for the reason.
        raise ArmFailedError(f"killed by signal {-code}" if code < 0 else lines[-1] if lines else f"exit code {code}")
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    result["metrics"] = _score(features, out, result)
    result["total_seconds"] = round(time.perf_counter() - started, 1)
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / "request.json").write_text(
        json.dumps({"key": _key(arm, features, threads), "command": shlex.join(command)}, indent=1) + "\n",
        encoding="utf-8",
    )
    return Run(arm, repeat, result, out)


def earlier_run(arm: Arm, features: Path, *, threads: int, changed: bool = False) -> Run | None:
    """The newest earlier run with the same matrices, pins, variant and threads; scored anew. None if there is none.

    A run of our own code counts only where no commit has touched what the arm is made of since, or where `changed`
    says that it may.
    """
    for out in sorted(_runs(arm, features).glob("*"), reverse=True):
        request = out / "request.json"
        if request.exists() and json.loads(request.read_text(encoding="utf-8"))["key"] == _key(arm, features, threads):
            result = json.loads((out / "result.json").read_text(encoding="utf-8"))
            if arm.ours and not changed and touched_since(result["date"], arm.made_of):
                return None
            result["metrics"] = _score(features, out, result)
            return Run(arm, 0, result, out, reused=True)
    return None


def _score(features: Path, out: Path, result: dict[str, Any]) -> dict[str, float]:
    # Results written before there were arms with labels of their own say nothing of columns: those of training.
    return score(features, out / "topk.npz", result["score_kind"], result.get("columns", 0))


def _runs(arm: Arm, features: Path) -> Path:
    return features.parent / "runs" / arm.name


def _key(arm: Arm, features: Path, threads: int) -> dict[str, object]:
    """What an earlier run must share with a new one to stand for it; what our own arms are made of is asked of git."""
    facts = read_facts(features) or {}
    runner = hashlib.sha256(arm.script.read_bytes() + arm.pins.encode()).hexdigest()
    return {
        "features": facts.get("fingerprint"),
        "arm": arm.name,
        "runner_and_pins": runner,
        "threads": threads,
        "k": K,
    }
