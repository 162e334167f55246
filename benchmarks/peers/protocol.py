"""What every peer's runner shares: read the features, train, save, load, predict, time, write.

Runs inside the environment of each peer, so it may import numpy and scipy only.

A folder of features holds ``X.train.npz``, ``X.test.npz`` (CSR, float32, ``[n, d]``), ``Y.train.npz``
(CSR, float32, ``[n, L]``), all with sorted indices. A runner leaves ``result.json`` and ``topk.npz`` in its
output folder; ``topk.npz`` has ``indices`` (int32, ``[n, k]``, padded with -1) and ``scores`` (float32, ``[n, k]``).
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.metadata
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

THREADS = int(os.environ.get("BENCHMARK_THREADS", "2"))
# Before numpy is imported: the thread pools read these once.
for variable in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
):  # fmt: skip
    os.environ.setdefault(variable, str(THREADS))

import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402

ScoreKind = Literal["probability", "margin"]
LATENCY_ROWS = 200
LATENCY_WARM_UP = 20


@dataclass(frozen=True)
class Features:
    """One data set as matrices: ``train_x [n, d]``, ``train_y [n, L]``, ``test_x [m, d]``, all CSR float32."""

    folder: Path
    train_x: sp.csr_matrix
    train_y: sp.csr_matrix
    test_x: sp.csr_matrix

    @property
    def n_test(self) -> int:
        """Rows of the test part."""
        return self.test_x.shape[0]

    @property
    def n_labels(self) -> int:
        """Columns that a prediction may name."""
        return self.train_y.shape[1]

    def one(self, row: int) -> sp.csr_matrix:
        """A single row of the test part."""
        return self.test_x[row]


class Given(Protocol):
    """What a runner trains on and predicts for: matrices (:class:`Features`), or texts."""

    test_x: Any

    @property
    def n_test(self) -> int: ...

    @property
    def n_labels(self) -> int: ...

    def one(self, row: int) -> Any: ...


@dataclass(frozen=True)
class TopLabels:
    """The best labels of each row: ``indices`` int32 ``[n, k]`` padded with -1, ``scores`` float32 ``[n, k]``."""

    indices: np.ndarray
    scores: np.ndarray


class Peer(Protocol):
    """One library under measurement. Every method is called once, in the order in which it stands here."""

    name: str
    distribution: str
    variants: dict[str, ScoreKind]
    """What can be trained, the default first, and what its scores are: a label counts as assigned from probability 0.5
    or margin 0."""

    def prepare(self, features: Features, scratch: Path) -> None:
        """Bring the matrices into the peer's own format. Not timed."""

    def fit(self, features: Features, variant: str) -> None:
        """Train. Timed."""

    def save(self, folder: Path) -> None:
        """Write the model; the size of ``folder`` is the model's size."""

    def load(self, folder: Path) -> None:
        """Replace the trained model by the one on disk. Timed."""

    def predict(self, x: sp.csr_matrix, k: int) -> TopLabels:
        """Predict all rows in one call, with ``THREADS`` threads. Timed."""

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        """Predict one row, features ready. Timed per row."""


def run(peer: Peer) -> None:
    """Parse the command line, measure ``peer`` and write ``result.json`` and ``topk.npz``."""
    arguments = parser(peer).parse_args()
    measure(peer, lambda: read_features(arguments.features_dir), arguments)


def measure(
    peer: Peer,
    read: Callable[[], Given],
    arguments: argparse.Namespace,
    facts: Callable[[], dict[str, object]] = dict,
) -> None:
    """Measure ``peer`` on what ``read`` gives and write ``result.json`` and ``topk.npz``.

    Args:
        peer: what is measured.
        read: reads the inputs. Not timed.
        arguments: of :func:`parser`.
        facts: what is added to the result in the end; may replace what stands there.
    """
    out: Path = arguments.out_dir
    out.mkdir(parents=True, exist_ok=True)
    result: dict[str, object] = {
        "peer": peer.name,
        "version": importlib.metadata.version(peer.distribution),
        "variant": arguments.variant,
        "score_kind": peer.variants[arguments.variant],
        "k": arguments.k,
        "threads": THREADS,
        "python": sys.version.split()[0],
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    features: Any = read()
    scratch = out / "scratch"
    scratch.mkdir(exist_ok=True)
    peer.prepare(features, scratch)
    gc.collect()
    result["rss_before_training_mb"] = memory_mb("VmRSS")
    busy = _machine_cpu_seconds()
    wall, cpu = timed(lambda: peer.fit(features, arguments.variant))
    result |= {
        "train_seconds": wall,
        "train_cpu_seconds": cpu,
        "train_other_cpu_seconds": round(max(0.0, _machine_cpu_seconds() - busy - cpu), 2),
        "peak_rss_training_mb": memory_mb("VmHWM"),
    }

    model = out / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    result["save_seconds"] = timed(lambda: peer.save(model))[0]
    result["model_bytes"] = sum(file.stat().st_size for file in model.rglob("*") if file.is_file())
    result["load_seconds"] = timed(lambda: peer.load(model))[0]

    answers: list[TopLabels] = []
    wall, cpu = timed(lambda: answers.append(peer.predict(features.test_x, arguments.k)))
    result |= {"predict_seconds": wall, "predict_cpu_seconds": cpu}
    result |= _latencies(peer, features, arguments.k)
    result["peak_rss_mb"] = memory_mb("VmHWM")
    result["peak_rss_children_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    _check(answers[0], features.n_test, features.n_labels, arguments.k)
    result |= {"columns": features.n_labels, **facts()}
    np.savez(out / "topk.npz", indices=answers[0].indices, scores=answers[0].scores)
    shutil.rmtree(scratch)
    if not arguments.keep_model:
        shutil.rmtree(model)
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def read_features(folder: Path) -> Features:
    """The matrices in ``folder``, as ``csr_matrix`` (older peers refuse ``csr_array``)."""
    parts = [sp.csr_matrix(sp.load_npz(folder / f"{name}.npz")) for name in ("X.train", "Y.train", "X.test")]
    return Features(folder, *(part.astype(np.float32, copy=False) for part in parts))


def top_of_csr(scores: sp.csr_matrix, k: int) -> TopLabels:
    """The ``k`` best stored entries of every row, best first, ties by index."""
    rows = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    order = np.lexsort((scores.indices, -scores.data, rows))
    rank = np.arange(order.size) - scores.indptr[rows]
    keep = rank < k
    indices = np.full((scores.shape[0], k), -1, np.int32)
    values = np.full((scores.shape[0], k), -np.inf, np.float32)
    indices[rows[keep], rank[keep]] = scores.indices[order][keep]
    values[rows[keep], rank[keep]] = scores.data[order][keep]
    return TopLabels(indices, values)


def top_of_dense(scores: np.ndarray, k: int) -> TopLabels:
    """The ``k`` best columns of every row of a dense block, best first."""
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(scores, best, 1)
    order = np.lexsort((best, -values), axis=1)
    return TopLabels(
        np.take_along_axis(best, order, 1).astype(np.int32), np.take_along_axis(values, order, 1).astype(np.float32)
    )


def top_of_pairs(pairs: list[list[tuple[int, float]]], k: int) -> TopLabels:
    """Lists of ``(label, score)``, best first, as two padded arrays."""
    indices = np.full((len(pairs), k), -1, np.int32)
    scores = np.full((len(pairs), k), -np.inf, np.float32)
    for row, found in enumerate(pairs):
        for rank, (label, score) in enumerate(found[:k]):
            indices[row, rank] = label
            scores[row, rank] = score
    return TopLabels(indices, scores)


def parser(peer: Peer) -> argparse.ArgumentParser:
    """The command line of a runner."""
    parser = argparse.ArgumentParser(description=f"Measure {peer.name} on one folder of features.")
    parser.add_argument("features_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--variant", choices=list(peer.variants), default=next(iter(peer.variants)))
    parser.add_argument("--keep-model", action="store_true", help="leave the saved model in OUT_DIR/model")
    return parser


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds (user and system, finished children included) of one call."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    action()
    return round(time.perf_counter() - wall, 4), round(_cpu_seconds() - cpu, 4)


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _machine_cpu_seconds() -> float:
    """Busy CPU seconds of the whole machine since it started, to see what else ran; 0 where there is no /proc."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, irq, softirq, steal, *_ = map(int, stat.read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def memory_mb(field: str) -> float:
    """``VmHWM`` (peak) or ``VmRSS`` (now) of this process in MiB.

    On Linux ``ru_maxrss`` outlives ``exec`` and so can report the memory of the process that started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(field + ":"):
                return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _latencies(peer: Peer, given: Given, k: int) -> dict[str, float]:
    return latencies(lambda row: peer.predict_one(row, k), given.one, given.n_test)


def latencies(answer: Callable[[Any], object], one: Callable[[int], Any], n: int) -> dict[str, float]:
    """Median and 95th percentile of one answer in milliseconds, over rows spread evenly over ``n``, got beforehand."""
    rows = [one(int(row)) for row in np.linspace(0, n - 1, LATENCY_ROWS + LATENCY_WARM_UP)]
    times = []
    for row in rows:
        start = time.perf_counter()
        answer(row)
        times.append((time.perf_counter() - start) * 1e3)
    p50, p95 = np.percentile(times[LATENCY_WARM_UP:], [50, 95])
    return {"latency_ms_p50": round(float(p50), 4), "latency_ms_p95": round(float(p95), 4)}


def _check(top: TopLabels, rows: int, labels: int, k: int) -> None:
    """A runner that hands over the wrong shape or a label that does not exist must fail, not be scored."""
    if top.indices.shape[0] != rows or top.indices.shape[1] > k or top.indices.shape != top.scores.shape:
        raise ValueError(f"top-k of shape {top.indices.shape} for {rows} rows and k={k}")
    if top.indices.max() >= labels or top.indices.min() < -1:
        raise ValueError(f"label indices outside -1..{labels - 1}")
