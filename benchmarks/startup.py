"""How long it takes to start: ``import manylabel`` and ``manylabel --help``, each as a process of its own.

    python benchmarks/startup.py --repeats 20

Writes ``benchmarks/results/startup.md``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from machine import commit, machine_facts

HERE = Path(__file__).resolve().parent
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import manylabel": [sys.executable, "-c", "import manylabel"],
    "manylabel --help": [str(Path(sys.executable).with_name("manylabel")), "--help"],
    "manylabel list metrics": [str(Path(sys.executable).with_name("manylabel")), "list", "metrics"],
    "from manylabel import LinearTree": [sys.executable, "-c", "from manylabel import LinearTree"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if turn:  # the first turn fills the disk cache
                times[name].append(time.perf_counter() - start)
    facts = machine_facts()
    rows = [
        f"| `{name}` | {min(seconds):.3f} | {statistics.median(seconds):.3f} | {max(seconds):.3f} |"
        for name, seconds in times.items()
    ]
    page = [
        "# Start-up",
        "",
        f"{datetime.now(UTC).date()}, commit {commit()}, {facts['processor']}, {facts['cores']} cores, "
        f"Python {facts['python']}: `python benchmarks/startup.py --repeats {repeats}`",
        "",
        "| process | min s | median s | max s |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "startup.md").write_text("\n".join(page))
    print("\n".join(page))


if __name__ == "__main__":
    main()
