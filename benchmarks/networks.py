"""manylabel's networks beside LibMultiLabel's, in turn, on the same documents with the same settings.

    python benchmarks/networks.py --data-root DIR --data reuters21578 --repeats 3

Writes ``benchmarks/results/networks_libmultilabel.{md,json}``. What both sides are told: ``peers/network_settings.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from arms import HERE, Arm
from features import add_data_root
from measure import Run
from network_data import BERT_SIZES, make_network_data
from peers.network_settings import BATCH, LENGTH, SETTINGS
from summary import Measure, paired_ratio
from tables import notes, number, table, where_and_when
from turns import run_in_turn, session_facts

DENSE = "-dense"
BOUNDS = {"kim-cnn": 0.5, "cnn-label-attention": 0.5, "bilstm-label-attention": 0.5, "bert": 1.0}
"""Of manylabel's training time beside LibMultiLabel's."""
METRICS = ("P@1", "P@3", "P@5", "PSP@5", "micro-F1", "macro-F1")
COSTS = (
    Measure("train s", lambda r: r["train_seconds"], clock=True),
    Measure("loop s", lambda r: r["loop_seconds"], clock=True),
    Measure("train cpu-s", lambda r: r["train_cpu_seconds"], clock=True),
    Measure("predict s", lambda r: r["predict_seconds"], clock=True),
    Measure("peak MiB", lambda r: r["peak_rss_training_mb"]),
    Measure("over start MiB", lambda r: r["peak_rss_training_mb"] - r["rss_before_training_mb"]),
)
QUALITY = tuple(Measure(name, lambda r, name=name: 100 * r["metrics"][name], higher=True) for name in METRICS)


def arms_of(kind: str) -> list[Arm]:
    """LibMultiLabel's network, ours, and ours with all rows of the word table updated where the default is few."""
    ours = [kind] if SETTINGS[kind].init_weight is None else [kind, kind + DENSE]
    theirs = Arm(f"libmultilabel-{kind}", "run_libmultilabel_nn.py", kind, "libmultilabel-nn")
    return [theirs, *(Arm(f"manylabel-{one}", "run_manylabel_nn.py", one, None) for one in ours)]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="reuters21578", metavar="NAME", help="folder in the data root")
    parser.add_argument("--arms", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="NETWORK")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--documents", type=int, default=3000, help="training documents; 0 for all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.reuse, arguments.repeats_of = [], {}
    folder = make_network_data(arguments.data_root, arguments.data, arguments.documents, arguments.epochs)
    arms = [arm for kind in arguments.arms for arm in arms_of(kind)]
    runs, failed = run_in_turn(arms, folder, arguments)
    if not runs:
        sys.exit(f"no arm ran: {failed}")
    facts = {
        **session_facts(),
        "data": json.loads((folder / "features.json").read_text(encoding="utf-8")),
        "epochs": arguments.epochs,
        "threads": arguments.threads,
    }
    page = _page(runs, failed, facts)
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "networks_libmultilabel.md").write_text(page, encoding="utf-8")
    document = {**facts, "not_run": failed, "runs": [{"arm": r.arm.name, "repeat": r.repeat, **r.result} for r in runs]}
    text = json.dumps(document, indent=1) + "\n"
    (arguments.results / "networks_libmultilabel.json").write_text(text, encoding="utf-8")
    print(page)


def _page(runs: list[Run], failed: dict[str, str], facts: dict[str, Any]) -> str:
    data = facts["data"]
    sizes = f"{BERT_SIZES['num_hidden_layers']} layers of {BERT_SIZES['hidden_size']}"
    parts = [
        f"# Networks beside LibMultiLabel on {data['data']}",
        f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test documents, "
        f"{data['labels']} labels; {facts['epochs']} epochs, batches of {BATCH}, Adam at a constant rate, the first "
        f"{LENGTH} tokens, the best epoch by P@1 kept, {facts['threads']} thread(s) for both. Word vectors are random, "
        "the same on both sides. `manylabel-*` updates only the rows of the word table that a batch reads "
        f"(`embeddings.sparse: true`), `*{DENSE}` all of them, as LibMultiLabel does. BERT has {sizes} and random "
        "weights from one saved folder, since no pretrained ones can be had offline: its quality says little.",
        where_and_when(facts),
        _costs(runs),
        _quality(runs),
        _bounds(runs),
        notes(runs, failed),
        "*train s* goes from texts in memory to the model with the weights of its best epoch: words, vectors read from "
        "their file, training, validation after every epoch, LibMultiLabel's checkpoints. *loop s* is the part from "
        "the first epoch on. *peak MiB* is of the whole process until the end of training, *over start* less what it "
        "had before. Medians over the runs; ratios are taken run by run.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _costs(runs: list[Run]) -> str:
    rows = []
    for arm in dict.fromkeys(run.arm.name for run in runs):
        own = [run for run in runs if run.arm.name == arm]
        rows.append([arm, str(len(own)), *(number(_median(own, measure)) for measure in COSTS)])
    return table(["arm", "runs", *(measure.name for measure in COSTS)], rows)


def _quality(runs: list[Run]) -> str:
    rows = []
    for arm in dict.fromkeys(run.arm.name for run in runs):
        own = [run for run in runs if run.arm.name == arm]
        rows.append([arm, *(number(_median(own, measure)) for measure in QUALITY)])
    return table(["arm", *METRICS], rows)


def _bounds(runs: list[Run]) -> str:
    """Ours beside theirs: time at most the bound, memory and quality no worse."""
    known = {run.arm.name for run in runs}
    rows = []
    for kind, bound in BOUNDS.items():
        theirs = f"libmultilabel-{kind}"
        for arm in (f"manylabel-{kind}", f"manylabel-{kind}{DENSE}"):
            if not {arm, theirs} <= known:
                continue
            time, loop, cpu, _, peak, over = (paired_ratio(runs, arm, theirs, measure) for measure in COSTS)
            gained = [_difference(runs, arm, theirs, measure) for measure in (QUALITY[0], QUALITY[4], QUALITY[5])]
            met = [time <= bound, peak <= 1.0, min(gained) >= 0]
            words = ["yes" if one else "**no**" for one in met]
            ratios = [f"{value:.2f}" for value in (time, loop, cpu, peak, over)]
            rows.append([arm, *ratios, *(f"{value:+.1f}" for value in gained), f"{bound:g}", *words])
    header = ["arm", "train s", "loop s", "cpu-s", "peak", "over start", "P@1", "micro-F1", "macro-F1", "wanted"]
    return "## Ours beside theirs\n\n" + table([*header, "time met", "memory met", "quality met"], rows)


def _difference(runs: list[Run], arm: str, other: str, measure: Measure) -> float:
    one, two = ([run for run in runs if run.arm.name == name] for name in (arm, other))
    return _median(one, measure) - _median(two, measure)


def _median(runs: list[Run], measure: Measure) -> float:
    from statistics import median

    return median(measure.read(run.result) for run in runs)


if __name__ == "__main__":
    main()
