"""What looking at data costs: the whole command, with every rule, on real data sets.

    python benchmarks/inspect_data.py --data-root DIR --data debtags eurlex57k yso_finna_en

Each measurement is the command line in a process of its own, from its start to its end. Writes
``benchmarks/results/inspect.{md,json}``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from arms import HERE
from features import add_data_root
from tables import count_or_number, table, where_and_when
from turns import say, session_facts

COLUMNS = {
    "documents": "documents",
    "labels": "labels",
    "words": "words a document",
    "seconds": "s",
    "cpu_seconds": "cpu-s",
    "others_percent": "others %",
    "without_models_seconds": "s without models",
    "peak_mb": "peak MB",
    "serious": "serious",
    "warning": "warnings",
    "note": "notes",
}
NOTES = """\
* The command is `manylabel data inspect TRAIN --test TEST --labels LABELS --html PAGE --json`, with `--validation`
  where the data set has such a part. Documents and labels are those of all parts and of training.
* *s*: wall time of the process, from its start (imports, reading compressed files) to its end (the page written);
  *cpu-s*: its processor time; *others %*: how much of the machine other programs took meanwhile; *peak MB*: its
  highest resident memory, 10^6 bytes.
* *s without models*: the same with `--skip missing-labels`; the rest is the training of three linear trees, which is
  bounded by `inspect.model_documents` (30,000).
* Compiled code is loaded from the cache: the command was called once before on the smallest data set."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    smallest = min(arguments.data, key=lambda name: _train(arguments.data_root / name).stat().st_size)
    say(f"compiling on {smallest} ...")
    _inspect(arguments.data_root / smallest)
    rows = []
    for name in arguments.data:
        say(f"{name} ...")
        rows.append({"data": name, **_measure(arguments.data_root / name)})
        say(f"  {rows[-1]}")
    found = {**session_facts(), "rows": rows}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "inspect.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "inspect.md").write_text(_page(found), encoding="utf-8")
    print(_page(found))


def _measure(folder: Path) -> dict[str, Any]:
    costs, found = _inspect(folder)
    parts = found["statistics"]["parts"]
    documents = sum(part["documents"] for part in parts.values())
    words = sum(part["documents"] * part["words"]["mean"] for part in parts.values())
    severities = [finding["severity"] for finding in found["findings"]]
    return {
        "documents": documents,
        "labels": found["statistics"]["labels"]["used"],
        "words": words / documents,
        **costs,
        "without_models_seconds": _inspect(folder, "--skip", "missing-labels")[0]["seconds"],
        **{name: severities.count(name) for name in ("serious", "warning", "note")},
    }


def _inspect(folder: Path, *options: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Costs of a call, and what it printed."""
    command = [sys.executable, "-m", "manylabel", "data", "inspect", str(_train(folder))]
    for option, name in (("--validation", "dev"), ("--test", "test"), ("--labels", "labels")):
        if (folder / f"{name}.jsonl.xz").exists():
            command += [option, str(folder / f"{name}.jsonl.xz")]
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "found.json"
        with output.open("wb") as file:
            begun, busy = time.perf_counter(), _busy_seconds()
            process = subprocess.Popen(
                [*command, "--html", f"{place}/page.html", "--json", "--quiet", *options], stdout=file
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds, busy = time.perf_counter() - begun, _busy_seconds() - busy
        if status:
            raise SystemExit(f"{folder.name}: the command failed ({status})")
        found = json.loads(output.read_text(encoding="utf-8"))
    own = used.ru_utime + used.ru_stime
    return {
        "seconds": seconds,
        "cpu_seconds": own,
        "others_percent": 100 * max(busy - own, 0.0) / (seconds * (os.cpu_count() or 1)),
        "peak_mb": used.ru_maxrss * 1024 / 1e6,
    }, found


def _busy_seconds() -> float:
    """Processor time that all programs have used since the machine was started (Linux)."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


def _train(folder: Path) -> Path:
    return folder / "train.jsonl.xz"


def _page(found: dict[str, Any]) -> str:
    rows = [[row["data"], *(count_or_number(row[key]) for key in COLUMNS)] for row in found["rows"]]
    parts = [
        "# Looking at data",
        where_and_when(found),
        table(["data", *COLUMNS.values()], rows),
        NOTES,
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
