"""TF-IDF features beside scikit-learn's ``TfidfVectorizer(dtype=float32)``, in turn, in one process.

    python benchmarks/tfidf.py --data-root DIR --data eurlex57k wordnet3

Times learning and transforming the training part, transforming the test part, and single texts; checks that every
value is the same to the last bit; measures each one's peak memory in a process of its own. Writes
``benchmarks/results/tfidf_NAME.md``.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import lzma
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

from features import add_data_root
from machine import commit, machine_facts
from manylabel.text import Tfidf, TfidfConfig

HERE = Path(__file__).resolve().parent
ARMS = ("scikit-learn", "manylabel")
# The one thing that the two would settle differently by themselves.
CONFIG = TfidfConfig(analyzer="word")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="folders in the data root")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--peak-of", choices=ARMS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.data:
        folder = arguments.data_root / name
        if arguments.peak_of:
            print(peak_memory(arguments.peak_of, read_texts(folder / "train.jsonl.xz")))
            continue
        train, test = (read_texts(folder / f"{part}.jsonl.xz") for part in ("train", "test"))
        page = render(name, train, measure(train, test, arguments.repeats), peaks(arguments.data_root, name))
        arguments.results.mkdir(exist_ok=True)
        path = arguments.results / f"tfidf_{name}.md"
        path.write_text(page, encoding="utf-8")
        print(page, f"written: {path}", sep="\n")


def read_texts(path: Path) -> list[str]:
    """The field ``text`` of every line."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def make(arm: str) -> TfidfVectorizer | Tfidf:
    """A vectoriser that has learnt nothing yet."""
    return TfidfVectorizer(dtype=np.float32) if arm == "scikit-learn" else Tfidf(CONFIG)


def measure(train: list[str], test: list[str], repeats: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each task, by task and arm, one number a repeat; CPU seconds of the first task beside them."""
    warm = Tfidf(CONFIG)
    warm.fit_transform(train[:50])
    warm.transform(test[:50])
    tasks = ("learn and transform, training part", "the same, CPU seconds", "transform, training part",
             "transform, test part", "one text of the test part", "its first 100 characters")  # fmt: skip
    seconds: dict[str, dict[str, list[float]]] = {task: {arm: [] for arm in ARMS} for task in tasks}
    for _ in range(repeats):
        rows = {}
        for arm in ARMS:
            vectoriser = make(arm)
            cpu = time.process_time()
            first, rows[arm] = timed(lambda v=vectoriser: v.fit_transform(train))
            cpu = time.process_time() - cpu
            second, _ = timed(lambda v=vectoriser: v.transform(train))
            third, _ = timed(lambda v=vectoriser: v.transform(test))
            single = [timed(lambda v=vectoriser, t=text: v.transform([t]))[0] for text in test[:300]]
            short = [timed(lambda v=vectoriser, t=text: v.transform([t[:100]]))[0] for text in test[:300]]
            numbers = (first, cpu, second, third, statistics.median(single), statistics.median(short))
            for task, number in zip(tasks, numbers, strict=True):
                seconds[task][arm].append(number)
        check_equal(rows["manylabel"], rows["scikit-learn"])
    return seconds


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Wall seconds and result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def check_equal(ours, theirs) -> None:
    """Stop unless both matrices are equal in every bit."""
    theirs.sort_indices()
    for part in ("indptr", "indices", "data"):
        if not np.array_equal(getattr(ours, part), getattr(theirs, part)):
            sys.exit(f"the matrices differ in {part}")


def peaks(data_root: Path, name: str) -> dict[str, float]:
    """MiB that learning from the training part needs beyond the texts themselves, by arm, each in a new process."""
    command = [sys.executable, __file__, "--data-root", str(data_root), "--data", name, "--peak-of"]
    return {arm: float(subprocess.check_output([*command, arm], text=True)) for arm in ARMS}


def peak_memory(arm: str, texts: list[str]) -> float:
    """By how many MiB this process grows at most while it learns from texts (Linux)."""
    make(arm).fit_transform(texts[:50])
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    make(arm).fit_transform(texts)
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def render(name: str, train: list[str], seconds: dict[str, dict[str, list[float]]], peak: dict[str, float]) -> str:
    """The page of results, in Markdown."""
    floor, encoded = timed(lambda: [text.encode("utf-8", "surrogatepass") for text in train])
    size = sum(map(len, encoded))
    reading, _ = timed(lambda: np.frombuffer(b"".join(encoded), np.uint8).sum())
    machine = machine_facts()
    lines = [
        f"# TF-IDF features: {name}",
        "",
        f"{len(train):,} training texts, {size / 1e6:,.1f} MB of UTF-8. Words, (1, 1)-grams, float32; the matrices of "
        "both are equal in every bit.",
        f"Floor: encoding the training texts in Python takes {floor:.2f} s, reading the bytes once {reading:.2f} s.",
        "",
        "| median, in turn | scikit-learn | manylabel | ratio |",
        "|---|---|---|---|",
    ]
    for task, by_arm in seconds.items():
        theirs, ours = (statistics.median(by_arm[arm]) for arm in ARMS)
        unit, scale = ("ms", 1e3) if theirs < 0.02 else ("s", 1.0)
        lines.append(f"| {task} | {theirs * scale:.3g} {unit} | {ours * scale:.3g} {unit} | {theirs / ours:.1f} |")
    theirs, ours = (peak[arm] for arm in ARMS)
    lines.append(
        f"| peak memory beyond the texts, learning | {theirs:,.0f} MiB | {ours:,.0f} MiB | {theirs / ours:.1f} |"
    )
    now = datetime.datetime.now(datetime.UTC)
    facts = ", ".join(f"{key} {value}" for key, value in machine.items())
    given = ["DIR" if before == "--data-root" else part for before, part in itertools.pairwise(sys.argv)]
    lines += [
        "",
        f"* {now:%Y-%m-%d %H:%M} UTC, commit {commit()}, scikit-learn {sklearn.__version__}",
        f"* {facts}",
        f"* `python benchmarks/tfidf.py {shlex.join(given)}`",
        f"* {len(next(iter(seconds.values()))['manylabel'])} repeats; single texts: median over 300",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
