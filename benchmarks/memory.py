"""The memory of training documents at scale: its inverted index alone and, where asked for, a whole fused model.

    python benchmarks/memory.py --data-root DIR --data yso_finna_en eurlex57k --documents 500000 --fused

Every measurement is a process of its own. Writes ``benchmarks/results/memory.{md,json}``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arms import HERE
from features import add_data_root
from peers.protocol import latencies, memory_mb, timed
from tables import count_or_number, table, where_and_when
from turns import say, session_facts

INDEX, FUSED = "index", "fused"
COLUMNS = {
    "documents": "documents",
    "labels": "labels",
    "words": "words a document",
    "features_seconds": "features s",
    "train_seconds": "train s",
    "train_cpu_seconds": "train cpu-s",
    "model_mb": "model MB",
    "before_mb": "before MB",
    "peak_mb": "peak MB",
    "per_second": "queries/s",
    "latency_ms_p50": "one query ms",
    "latency_ms_p95": "p95 ms",
}
NOTES = """\
* `index`: the `memory` source alone. *features s* makes the TF-IDF rows of the training documents, *train s* is the
  building of the inverted index; queries are rows of features, answered by the labels of the 40 nearest documents.
* `fused`: a complete model with its defaults. *train s* starts from texts; queries are texts, answered by ten labels.
* *model MB*: what is written to disk, 10^6 bytes; *before MB*: resident before training, with the corpus (and, for
  `index`, the features); *peak MB*: highest resident memory of the process from start to end, predicting included, the
  trained model in hand.
* The process has trained on 400 documents beforehand, so that all code is compiled and loaded.
* *queries/s*: the whole test part in one call. *one query*: median and 95th percentile over 200 single ones."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--documents", type=int, default=500_000, help="training documents at most, the first ones")
    parser.add_argument("--fused", action="store_true", help="measure a complete fused model as well")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--measure", choices=(INDEX, FUSED), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        folder = arguments.data_root / arguments.data[0]
        print(json.dumps(_measure(arguments.measure, folder, arguments.documents)))
        return
    rows = []
    for name in arguments.data:
        for what in (INDEX, FUSED) if arguments.fused else (INDEX,):
            say(f"{name}: {what} ...")
            rows.append({"data": name, "what": what, **_in_own_process(what, name, arguments)})
            say(f"  {rows[-1]}")
    found = {**session_facts(), "rows": rows}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "memory.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "memory.md").write_text(_page(found), encoding="utf-8")
    print(_page(found))


def _in_own_process(what: str, name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    options = ["--data-root", str(arguments.data_root), "--data", name, "--documents", str(arguments.documents)]
    command = [sys.executable, str(Path(__file__).resolve()), *options, "--measure", what]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _measure(what: str, folder: Path, documents: int) -> dict[str, Any]:
    from manylabel.core.corpus import Corpus
    from peers.texts import read_data

    train, test = read_data(folder)
    if len(train) > documents:
        train = train.select(range(documents))
    # The first use on a machine compiles; afterwards the cache is read.
    few = train.select(range(min(len(train), 400)))
    measured = {INDEX: _index, FUSED: _fused}[what]
    assert isinstance(few, Corpus)
    measured(few, few)
    found = measured(train, test)
    words = sum(len(text.split()) for text in train.texts) / max(len(train), 1)
    return {"documents": len(train), "labels": train.n_labels, "words": words, **found, "peak_mb": memory_mb("VmHWM")}


def _index(train: Any, test: Any) -> dict[str, Any]:
    from manylabel.combine.source import Documents, Query
    from manylabel.combine.sources.memory import MemorySource
    from manylabel.combine.sources.memory_config import MemoryConfig
    from manylabel.core.run_directory import write_run
    from manylabel.core.stages import Stages
    from manylabel.models.features import Features
    from manylabel.models.fused_config import FusedConfig

    features = Features(FusedConfig().features)
    kept: list[Any] = []
    making = timed(lambda: kept.append(features.fit(train, Stages())))[0]
    known, asked, memory = Documents(kept.pop()), features.transform(test.texts), MemorySource(MemoryConfig())
    before = memory_mb("VmRSS")
    seconds = timed(lambda: memory.fit(known, train.positives, train.labels, stages=Stages()))

    def write(folder: Path) -> None:
        with write_run(folder / "run") as writer:
            memory.write(writer)

    answered = timed(lambda: memory.propose(Query(Documents(asked))))[0]
    return {
        "features_seconds": making,
        **_costs(seconds, before, write, len(test) / answered),
        **latencies(lambda row: memory.propose(Query(Documents(row))), lambda row: asked[row], len(test)),
    }


def _fused(train: Any, test: Any) -> dict[str, Any]:
    from manylabel import Fused

    model, before = Fused(), memory_mb("VmRSS")
    seconds = timed(lambda: model.fit(train))
    answered = timed(lambda: model.predict(test.texts, 10))[0]
    return {
        **_costs(seconds, before, lambda folder: model.save(folder / "run"), len(test) / answered),
        **latencies(lambda text: model.predict(text, 10), lambda row: [test.texts[row]], len(test)),
    }


def _costs(
    seconds: tuple[float, float], before: float, write: Callable[[Path], object], rate: float
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    wall, cpu = seconds
    costs = {"train_seconds": wall, "train_cpu_seconds": cpu, "model_mb": size / 1e6, "before_mb": before}
    return {**costs, "per_second": rate}


def _page(found: dict[str, Any]) -> str:
    rows = [
        [row["data"], f"`{row['what']}`", *("–" if key not in row else count_or_number(row[key]) for key in COLUMNS)]
        for row in found["rows"]
    ]
    parts = [
        "# The memory of training documents",
        where_and_when(found),
        table(["data", "measured", *COLUMNS.values()], rows),
        NOTES,
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
