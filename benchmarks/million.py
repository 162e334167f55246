"""A million labels: generate, read, train, save, load, predict and evaluate, with the time and memory of each step.

    python benchmarks/million.py --labels 1000000 --documents 500000

Writes ``benchmarks/results/million.md`` and ``.json``. The corpus goes to ``benchmarks/.work/million``.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from machine import commit, machine_facts
from manylabel import Corpus, LinearTree, evaluate, load
from manylabel.data.generate import write_generated
from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.reading import read_labels

HERE = Path(__file__).resolve().parent
METRICS = ["P@1", "P@3", "P@5", "PSP@5", "R@10", "micro-F1", "macro-F1"]


class Steps:
    """Times named steps; memory is the highest resident size of the process so far."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float | str]] = []

    def run(self, name, work):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        row = {
            "step": name,
            "seconds": round(time.perf_counter() - wall, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        }
        self.rows.append(row)
        print(row, file=sys.stderr, flush=True)
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, default=500_000)
    parser.add_argument("--words", type=float, default=40.0, help="mean words per document")
    options = parser.parse_args()
    work = HERE / ".work" / "million"
    shutil.rmtree(work, ignore_errors=True)
    steps = Steps()
    config = GeneratorConfig(labels=options.labels, documents=options.documents, words_per_document=options.words)
    steps.run("generate", lambda: write_generated(config, work / "data"))
    labels = steps.run("read labels", lambda: read_labels(work / "data" / "labels.jsonl"))
    train = steps.run("read documents", lambda: Corpus.read(work / "data" / "train.jsonl", labels=labels))
    model = LinearTree()
    estimate = steps.run("estimate", lambda: model.estimate(train))
    steps.run("train", lambda: model.fit(train))
    steps.run("save", lambda: model.save(work / "run"))
    size = sum(file.stat().st_size for file in (work / "run").iterdir())
    model = steps.run("load", lambda: load(work / "run"))
    test = steps.run("read test part", lambda: Corpus.read(work / "data" / "test.jsonl", labels=model.labels))
    top = steps.run("predict", lambda: model.predict(test.texts, k=10))
    result = steps.run("evaluate", lambda: evaluate(top, test, metrics=METRICS))
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine_facts(),
        "command": " ".join(["python", "benchmarks/million.py", *sys.argv[1:]]),
        "labels": options.labels,
        "documents": {"train": len(train), "test": len(test)},
        "labels_with_training_documents": int((model.labels.counts > 0).sum()),
        "estimate": str(estimate),
        "model_mb": round(size / 1e6, 1),
        "steps": steps.rows,
        "evaluation": result.to_dict(),
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "million.json").write_text(json.dumps(report, indent=2) + "\n")
    (results / "million.md").write_text(page(report, result))
    print(page(report, result))
    shutil.rmtree(work)


def page(report, result) -> str:
    rows = [f"| {r['step']} | {r['seconds']} | {r['cpu_seconds']} | {r['peak_gb']} |" for r in report["steps"]]
    machine = report["machine"]
    return "\n".join(
        [
            f"# {report['labels']:,} labels, {report['documents']['train']:,} training documents",
            "",
            f"{report['date']}, commit {report['commit']}, {machine['processor']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB: `{report['command']}`",
            "",
            f"Generated corpus; {report['labels_with_training_documents']:,} labels have documents. Saved run: "
            f"{report['model_mb']} MB. Estimate before training: {report['estimate']}.",
            "",
            "| step | wall s | cpu s | peak resident GB so far |",
            "|---|---|---|---|",
            *rows,
            "",
            "```",
            str(result),
            "```",
            "",
        ]
    )


if __name__ == "__main__":
    main()
