"""One cell of ``attention_xml_throughput.py``: attention-xml on generated documents, its rates and memory as JSON.

All through ``AttentionXML(...).fit(corpus)`` and ``predict``, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import protocol
import torch
from scipy.sparse import csr_matrix
from watching import TimedStages, Watch

from manylabel import Corpus, LabelSpace
from manylabel.core.progress import Advance
from manylabel.models.attention_xml.attention_xml import AttentionXML

WORDS, TOKENS, LABELS_OF_A_DOCUMENT = 20_000, 20, 5
VECTOR = 100
TWO_LEVELS_UP_TO = 1 << 16
UPPERMOST, CHILDREN = 4096, 16  # of trees of three levels
TOP = 10


class Profiled(Watch):
    """Notes which operations take the time of each epoch; one epoch is one level."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[dict[str, Any]] = []

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """See :class:`Watch`."""
        if not description.startswith("epoch"):
            with super().task(description, total) as advance:
                yield advance
            return
        with torch.profiler.profile() as profiler, super().task(description, total) as advance:
            yield advance
        found = sorted(profiler.key_averages(), key=lambda entry: -entry.self_cpu_time_total)
        whole = sum(entry.self_cpu_time_total for entry in found)
        top = [
            {"operation": e.key, "share": e.self_cpu_time_total / whole, "calls": e.count} for e in found[:TOP]
        ]  # fmt: skip
        self.tables.append({"documents": total, "self_cpu_seconds": whole / 1e6, "operations": top})


def clustering(labels: int) -> dict[str, Any]:
    """The section of two levels, or of three where two would score too many nodes at once."""
    if labels <= TWO_LEVELS_UP_TO:
        return {"cluster_size": 8}
    return {"clusters": [UPPERMOST, labels // CHILDREN]}


def generated(documents: int, labels: int, seed: int) -> Corpus:
    """Documents of about :data:`TOKENS` words, frequent ones more often, with labels drawn from all alike."""
    random = np.random.default_rng(seed)
    chances = 1.0 / np.arange(10, WORDS + 10)
    lengths = random.poisson(TOKENS, documents).clip(1)
    words = random.choice(WORDS, lengths.sum(), p=chances / chances.sum())
    texts = [" ".join(f"w{word}" for word in row) for row in np.split(words, np.cumsum(lengths)[:-1])]
    columns = random.integers(labels, size=(documents, LABELS_OF_A_DOCUMENT))
    rows = np.repeat(np.arange(documents), LABELS_OF_A_DOCUMENT)
    positives = csr_matrix((np.ones(columns.size, bool), (rows, columns.ravel())), shape=(documents, labels))
    positives.sum_duplicates()
    return Corpus(texts, positives, LabelSpace([f"label{number}" for number in range(labels)]))


def new_model(arguments: argparse.Namespace, labels: int) -> AttentionXML:
    """One epoch a level, nothing measured between: the rate is that of training steps alone."""
    vectors = {"width": VECTOR, "sparse": True}
    return AttentionXML(
        encoder={"kind": "bilstm", "hidden_dim": arguments.width, "embeddings": vectors, "min_count": 1},
        head={"kind": "label-attention", "output": "shared", "hidden_dims": [arguments.width]},
        clustering=clustering(labels),
        beam_width=arguments.beam_width,
        train={"epochs": 1, "batch_size": arguments.batch, "validation": 0.0, "early_stopping": None,
               "train_metrics_documents": 0, "device": "cpu"},
    )  # fmt: skip


def gemm_rate(size: int = 1024, repeats: int = 10) -> float:
    """Floating-point operations a second of a plain product of float32 matrices, the median."""
    one, two = torch.randn(size, size), torch.randn(size, size)
    taken = []
    for _ in range(repeats + 2):
        began = time.perf_counter()
        one @ two
        taken.append(time.perf_counter() - began)
    return 2.0 * size**3 / statistics.median(taken[2:])


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit and predict once, after a small model that loads and compiles what any model needs."""
    small = generated(200, 200, seed=1)
    new_model(arguments, 200).fit(small).predict(small.texts, 10)
    corpus, test = (
        generated(n, arguments.labels, seed) for seed, n in enumerate((arguments.documents, arguments.predicted))
    )
    watch = Watch()
    stages, model = TimedStages(watch), new_model(arguments, arguments.labels)
    before = protocol.memory_mb("VmRSS")
    began = time.perf_counter()
    model.fit(corpus, stages=stages, progress=watch)
    fitted = time.perf_counter() - began
    peak = protocol.memory_mb("VmHWM")
    began = time.perf_counter()
    model.predict(test.texts, 10)
    predicted = time.perf_counter() - began
    seconds = stages.seconds
    return {
        "labels": arguments.labels,
        "beam_width": arguments.beam_width,
        "nodes": [*model.config.clustering.counts(arguments.labels), arguments.labels],
        "documents": len(corpus),
        "predicted": len(test),
        "tokens": float(np.mean([len(text.split()) for text in corpus.texts])),
        "epochs_seconds": [ended - began for began, ended in watch.epochs],
        "clusters_seconds": sum(taken for name, taken in seconds.items() if name.endswith("clusters")),
        "candidates_seconds": sum(taken for name, taken in seconds.items() if name.endswith("beam")),
        "fit_seconds": fitted,
        "predict_seconds": predicted,
        "peak_mb": peak,
        "over_start_mb": peak - before,
        "gemm": gemm_rate(),
    }


def profiled(arguments: argparse.Namespace) -> dict[str, Any]:
    """The operations of each level's training steps."""
    small = generated(200, 200, seed=1)
    new_model(arguments, 200).fit(small)
    watch = Profiled()
    new_model(arguments, arguments.labels).fit(generated(arguments.documents, arguments.labels, 0), progress=watch)
    return {"labels": arguments.labels, "levels": watch.tables}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=int)
    parser.add_argument("beam_width", type=int)
    for name in ("documents", "predicted", "batch", "width"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(protocol.THREADS)
    sys.stdout.write(json.dumps(profiled(arguments) if arguments.profile else measured(arguments)))


if __name__ == "__main__":
    main()
