"""What helps on few and on very uneven labels: one change at a time, each arm with the same budget.

    python benchmarks/unbalanced.py --data-root DIR --table chinese --seeds 0 1 2
    python benchmarks/unbalanced.py --data-root DIR --table debtags --encoder MINILM_FOLDER --documents 6000
    python benchmarks/unbalanced.py --data-root DIR --table reuters21578 --encoder MINILM_FOLDER --seeds 0 1 2

Arms are in ``unbalanced_arms.py``. Every network is measured on the test part by its scores at 0.5 (margins at 0), and
with thresholds fitted on the validation part. What an arm has given is kept in ``benchmarks/.work/unbalanced`` and used
again by a later call with the same settings. Writes ``benchmarks/results/unbalanced_TABLE.{md,json}``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from arms import HERE
from corpora import read_corpus, stratified, with_names_as_texts
from features import add_data_root
from kept_states import shared_states
from manylabel import Corpus, Fused, LabelSpace, LinearOVR, Network
from manylabel.core.errors import ManylabelError
from manylabel.core.progress import Silent
from manylabel.core.topk import TopK
from manylabel.data.split import split_rows
from manylabel.decide import METHODS
from manylabel.decide.decision import fit_to
from manylabel.decide.examples import Examples
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from turns import say, session_facts
from unbalanced_arms import TABLES, Table
from unbalanced_page import METRICS, page

WORK = HERE / ".work" / "unbalanced"
LISTED = 100
DECISIONS: dict[str, dict[str, Any]] = {
    "0.5": {"kind": "fixed"},
    "global": {"kind": "global"},
    "global, for macro-F1": {"kind": "global", "metric": "macro-F1"},
    "per-label": {"kind": "per-label"},
    "per-frequency": {"kind": "per-frequency"},
    "per-frequency, fallback highest": {"kind": "per-frequency", "fallback": "highest"},
    "per-frequency, macro_weight 4": {"kind": "per-frequency", "macro_weight": 4.0},
    "expected-f1": {"kind": "expected-f1"},
}
TAGS = (700, 400, 250, 180, 130, 90, 70, 55, 40, 30, 22, 18, 15)
"""Texts drawn for each of the 13 tags of the Chinese table: 2,000 in all."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--table", choices=TABLES, required=True)
    parser.add_argument("--arms", nargs="+", metavar="ARM", help="names of arms; all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--encoder", type=Path, help="folder of a Hugging Face encoder, for the English tables")
    parser.add_argument("--documents", type=int, default=0, help="training documents, stratified; 0 for all")
    parser.add_argument(
        "--minutes",
        type=float,
        default=1e9,
        help="begin no arm after so many minutes; 0 takes what earlier calls have kept",
    )
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    chosen = TABLES[arguments.table]
    for name in arguments.arms or ():
        if name not in chosen.arms:
            parser.error(f"no arm {name!r}; known are {', '.join(chosen.arms)}")
    if chosen.needs_encoder and arguments.encoder is None:
        parser.error("name the folder of an --encoder")
    parts = _parts(arguments)
    sharing: AbstractContextManager[None] = nullcontext()
    if chosen.needs_encoder:
        sharing = shared_states(WORK / "states", arguments.encoder, chosen.base["encoder"]["frozen_layers"])
    with sharing:
        rows = _rows(chosen, parts, arguments)
    decisions = _decisions(chosen, rows, parts, arguments)
    sizes = {name: len(part) for name, part in parts.items()}
    found = {**session_facts(), "table": arguments.table, "documents": sizes, "labels": parts["train"].n_labels}
    found |= {"about": chosen.about, "baseline": chosen.baseline, "rows": rows, "decisions": decisions}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / f"unbalanced_{arguments.table}.json").write_text(json.dumps(found, indent=1) + "\n")
    (arguments.results / f"unbalanced_{arguments.table}.md").write_text(page(found, chosen))
    print(page(found, chosen))


def _rows(chosen: Table, parts: dict[str, Corpus], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    began, rows = time.monotonic(), []
    for seed in arguments.seeds:
        for name in arguments.arms or list(chosen.arms):
            late = time.monotonic() - began > 60 * arguments.minutes
            row = _run(chosen, name, seed, parts, arguments, late=late)
            if row is None:
                say(f"{name}, seed {seed}: not begun, out of time")
            else:
                rows.append(row)
    return rows


def _decisions(
    chosen: Table, rows: list[dict[str, Any]], parts: dict[str, Corpus], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """What methods of deciding make of the same scores."""
    found = []
    for row in rows:
        if row["arm"] not in chosen.also_decided or row["seed"] != arguments.seeds[0] or "failed" in row:
            continue
        options = chosen.options(row["arm"], arguments.encoder)
        asked = _asked(options, row["seed"], parts, WORK / arguments.table, _Epochs())
        examples = Examples.of(asked["validation"], parts["validation"].positives, empty="skip")
        for name, section in DECISIONS.items():
            say(f"{row['arm']}: {name} ...")
            method = METHODS.section(section["kind"]).parse(section)
            decision = fit_to(method, examples)  # type: ignore[arg-type]
            values = _values(_evaluation(asked["test"], parts["test"], chosen, decision.decide(asked["test"])))
            found.append({"arm": row["arm"], "method": name, "decided": values})
    return found


def _parts(arguments: argparse.Namespace) -> dict[str, Corpus]:
    """Training, validation and test part."""
    if arguments.table == "chinese":
        return _chinese(arguments.data_root)
    folder = arguments.data_root / TABLES[arguments.table].data
    train = with_names_as_texts(read_corpus(folder / "train.jsonl.xz"))
    test = read_corpus(folder / "test.jsonl.xz", train)
    rows = split_rows(train, {"train": 0.9, "validation": 0.1}, "stratified", seed=0)
    train, validation = train.select(rows["train"]), train.select(rows["validation"])
    if arguments.documents and arguments.documents < len(train):
        train = stratified(train, arguments.documents)
        validation = stratified(validation, max(1, arguments.documents // 6))
    return {"train": train, "validation": validation, "test": test}


def _chinese(root: Path) -> dict[str, Corpus]:
    """2,000 texts with 13 tags, few of most of them, in three parts 3 : 1 : 1."""
    everything = read_corpus(root / "zh_event_types" / "train.jsonl.xz")
    positives = everything.positives.tocsc()
    by_size = np.argsort(-np.diff(positives.indptr), kind="stable")[: len(TAGS)]
    random, taken = np.random.default_rng(0), np.zeros(len(everything), bool)
    for label, wanted in reversed(list(zip(by_size.tolist(), TAGS, strict=True))):
        rows = positives.indices[positives.indptr[label] : positives.indptr[label + 1]]
        rows = rows[~taken[rows]]
        taken[random.choice(rows, min(wanted, len(rows)), replace=False)] = True
    kept = set(everything.labels.names_of(by_size))
    rows = np.flatnonzero(taken)
    texts = [everything.texts[row] for row in rows]
    labels = [[name for name in everything.labels_of(row) if name in kept] for row in rows.tolist()]
    drawn = Corpus.from_texts(texts, labels)
    parts = split_rows(drawn, {"train": 0.6, "validation": 0.2, "test": 0.2}, "stratified", seed=0)
    return {name: drawn.select(own) for name, own in parts.items()}


class _Epochs(Silent):
    """Keeps what is said of epochs."""

    def __init__(self) -> None:
        self.epochs: list[str] = []

    def note(self, message: str) -> None:
        if message.startswith("epoch "):
            self.epochs.append(message)


def _run(
    chosen: Table, name: str, seed: int, parts: dict[str, Corpus], arguments: argparse.Namespace, *, late: bool
) -> dict[str, Any] | None:
    """What an arm gave before, or gives now; None where it is too `late` to begin."""
    options = chosen.options(name, arguments.encoder)
    key, folder = _key(options, seed, parts), WORK / arguments.table
    file = folder / f"{key}.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    if late:
        return None
    say(f"{arguments.table}: {name}, seed {seed} ...")
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    progress = _Epochs()
    row: dict[str, Any] = {"arm": name, "seed": seed}
    try:
        asked = _asked(options, seed, parts, folder, progress)
    except ManylabelError as error:
        row |= {"failed": str(error), "epochs": progress.epochs}
        file.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
        return row
    row |= {"seconds": time.perf_counter() - start, "epochs": progress.epochs}
    row["fixed"] = _values(_evaluation(asked["test"], parts["test"], chosen))
    examples = Examples.of(asked["validation"], parts["validation"].positives, empty="skip")
    decision = fit_to(METHODS.section(chosen.decision)(), examples)  # type: ignore[arg-type]
    row["decided"] = _values(_evaluation(asked["test"], parts["test"], chosen, decision.decide(asked["test"])))
    file.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    fixed = row["fixed"]
    say(f"  {row['seconds']:.0f} s, micro-F1 {100 * fixed['micro-F1']:.1f}, macro-F1 {100 * fixed['macro-F1']:.1f}")
    return row


def _key(options: dict[str, Any], seed: int, parts: dict[str, Corpus]) -> str:
    facts = {"options": options, "seed": seed, "documents": {part: own.digest() for part, own in parts.items()}}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _asked(
    options: dict[str, Any], seed: int, parts: dict[str, Corpus], folder: Path, progress: Silent
) -> dict[str, TopK]:
    """Scores of the validation and the test part, kept beside what was measured."""
    key = _key(options, seed, parts)
    files = {part: folder / f"{key}-{part}.npz" for part in ("validation", "test")}
    if all(file.exists() for file in files.values()):
        labels = parts["train"].labels.with_counts(parts["train"].positives)
        return {part: _read_lists(file, labels) for part, file in files.items()}
    asked = _trained(options, seed, parts, folder, progress)
    for part, topk in asked.items():
        np.savez_compressed(files[part], indices=topk.indices, scores=topk.scores, kind=np.array(topk.kind))
    return asked


def _read_lists(file: Path, labels: LabelSpace) -> TopK:
    with np.load(file) as kept:
        kind = str(kept["kind"]) if "kind" in kept else "probability"
        return TopK(kept["indices"], kept["scores"], kind, labels)  # type: ignore[arg-type]


def _trained(
    options: dict[str, Any], seed: int, parts: dict[str, Corpus], folder: Path, progress: Silent
) -> dict[str, TopK]:
    kind = options.get("kind", "network")
    k = min(LISTED, parts["train"].n_labels)
    if kind == "average":
        members = [_asked(one, seed, parts, folder, progress) for one in options["of"]]
        return {part: _mean([member[part] for member in members], k) for part in members[0]}
    options = {name: value for name, value in options.items() if name != "kind"}
    model: Any
    if kind in ("linear-ovr", "fused"):
        model = (Fused if kind == "fused" else LinearOVR)(seed=seed, **options).fit(parts["train"])
    else:
        model = Network(seed=seed, **options)
        model.validate_on(parts["validation"])
        model.fit(parts["train"], progress=progress)
    return {part: model.predict(parts[part].texts, k) for part in ("validation", "test")}


def _mean(lists: list[TopK], k: int) -> TopK:
    """The mean of probabilities; a label that a list has not counts as 0 in it."""
    total: Any = lists[0].to_csr()
    for other in lists[1:]:
        total = total + other.to_csr()
    return TopK.from_csr(total / len(lists), k, kind="probability", labels=lists[0].labels)


def _evaluation(topk: TopK, part: Corpus, chosen: Table, sets: Any = None) -> Evaluation:
    assert topk.labels is not None
    settings = Settings(metrics=METRICS, n_bootstrap=1000, cuts=chosen.cuts)
    return Evaluator(topk.labels, settings, test_labels=part.labels).update(topk, part.positives, sets).result()


def _values(evaluation: Evaluation) -> dict[str, Any]:
    intervals = {f"{name} interval": list(ends) for name, ends in evaluation.intervals.items()}
    groups = {
        f"{metric} {group}": found.values[metric]
        for group, found in evaluation.groups.items()
        for metric in ("micro-recall", "micro-F1", "macro-recall")
    }
    return {**evaluation.values, **groups, **intervals}


if __name__ == "__main__":
    main()
