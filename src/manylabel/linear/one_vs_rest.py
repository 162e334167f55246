"""One linear classifier per label, all trained on all documents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from manylabel.core.arrays import check_offsets
from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs
from manylabel.core.progress import SILENT, Advance, Progress
from manylabel.core.stages import Stages
from manylabel.core.topk import NO_LABEL
from manylabel.linear.best_list import insert_all
from manylabel.linear.node_training import NodeProblem, NodeWeights, gather_rows, train_classifiers
from manylabel.linear.solver_options import SolverOptions

_LABELS_PER_BLOCK = 64
_BLOCKS_PER_PART = 32
_DOCUMENTS_PER_JOB = 512
_LARGEST = 32767


@dataclass(frozen=True, eq=False)
class OneVsRest:
    """Trained classifiers, as CSR over features.

    Attributes:
        indptr: int64 ``[d + 1]``.
        labels: int32, the labels with a weight for the feature, sorted.
        values: int16, weight divided by its label's scale.
        scales: float32 ``[L]``.
        biases: float32 ``[L]``; ``-inf`` for a label without training documents, which is never predicted.
    """

    indptr: np.ndarray
    labels: np.ndarray
    values: np.ndarray
    scales: np.ndarray
    biases: np.ndarray

    def predict(self, features: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k labels of the largest margin of each row: indices int32 ``[n, k]``, margins float32 ``[n, k]``."""
        n = features.shape[0]
        nodes = np.full((n, k), NO_LABEL, dtype=np.int32)
        scores = np.full((n, k), -np.inf, dtype=np.float32)
        of_thread = threading.local()

        def work(start: int) -> None:
            if not hasattr(of_thread, "sums"):
                of_thread.sums = np.empty(len(self.biases), np.float32)
            rows = slice(start, start + _DOCUMENTS_PER_JOB)
            _best_labels(
                features.indptr[start : start + _DOCUMENTS_PER_JOB + 1],
                features.indices,
                features.data,
                self.indptr,
                self.labels,
                self.values,
                self.scales,
                self.biases,
                of_thread.sums,
                nodes[rows],
                scores[rows],
            )

        for _ in run_jobs(work, range(0, n, _DOCUMENTS_PER_JOB)):
            pass
        return nodes, scores

    def margins(self, features: csr_matrix) -> np.ndarray:
        """All margins of some rows, float32 ``[n, L]``; ``-inf`` for a label without training documents.

        For scorers that work through a few rows at a time: the result grows as n x L. Every value is that of
        :meth:`predict`, to the last bit.
        """
        margins = np.empty((features.shape[0], len(self.biases)), np.float32)

        def work(start: int) -> None:
            rows = slice(start, start + _DOCUMENTS_PER_JOB)
            _all_margins(
                features.indptr[start : start + _DOCUMENTS_PER_JOB + 1],
                features.indices,
                features.data,
                self.indptr,
                self.labels,
                self.values,
                self.scales,
                self.biases,
                margins[rows],
            )

        for _ in run_jobs(work, range(0, features.shape[0], _DOCUMENTS_PER_JOB)):
            pass
        return margins

    def weights_of(self, features: np.ndarray, label: int) -> np.ndarray:
        """float32 ``[m]``: a label's weights for some features, int ``[m]``."""
        found = np.zeros(len(features), np.float32)
        for position, feature in enumerate(features.tolist()):
            first, last = int(self.indptr[feature]), int(self.indptr[feature + 1])
            entry = first + int(np.searchsorted(self.labels[first:last], label))
            if entry < last and self.labels[entry] == label:
                found[position] = self.values[entry] * self.scales[label]
        return found

    def validate(self, n_features: int, n_labels: int) -> None:
        """Check what the compiled loops take for granted.

        Raises:
            ValueError: arrays that do not fit together, to the number of features or to that of labels.
        """
        check_offsets(self.indptr, n_features, len(self.values), "indptr")
        kinds = [array.dtype.kind for array in (self.labels, self.values, self.scales, self.biases)]
        shapes = [self.labels.shape, self.scales.shape, self.biases.shape]
        if "".join(kinds) != "iiff" or shapes != [self.values.shape, (n_labels,), (n_labels,)]:
            raise ValueError("weights of the wrong type or shape")
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < n_labels:
            raise ValueError("a weight belongs to no label")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> OneVsRest:
        """Read what :meth:`to_arrays` gave."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


def fit_one_vs_rest(
    features: csr_matrix,
    positives: csr_matrix,
    solver: SolverOptions,
    *,
    seed: int,
    row_costs: np.ndarray | None = None,
    positive_costs: np.ndarray | None = None,
    negative_costs: np.ndarray | None = None,
    stages: Stages | None = None,
    progress: Progress = SILENT,
) -> OneVsRest:
    """Train a classifier for every label that has a document, 64 at a time on the same sweep over the documents.

    Args:
        features: float32 CSR ``[n, d]`` with sorted columns; copied once, not per label.
        positives: CSR ``[n, L]``.
        solver: its options.
        seed: of the order of documents.
        row_costs: float32 ``[n]``, weight of each document; ones by default.
        positive_costs: float32 ``[L]``, factor on C for each label's positives; ones by default.
        negative_costs: float32 ``[L]``, likewise for its negatives.
        stages: where finished blocks of labels are kept.
        progress: told of trained labels.
    """
    kept = stages or Stages()
    counts = np.bincount(positives.indices, minlength=positives.shape[1])
    present = np.flatnonzero(counts).astype(np.int32)
    # Labels of like frequency converge after a like number of passes, so they share a block.
    present = present[np.argsort(-counts[present], kind="stable")]
    local = gather_rows(features, np.arange(features.shape[0], dtype=np.int32))
    columns = positives.tocsc()
    blocks = [present[start : start + _LABELS_PER_BLOCK] for start in range(0, len(present), _LABELS_PER_BLOCK)]

    def train(number: int) -> NodeWeights:
        block = blocks[number]
        return train_classifiers(
            local,
            _block_problem(columns, block, features.shape[0]),
            solver,
            row_costs=row_costs,
            positive_costs=None if positive_costs is None else positive_costs[block],
            negative_costs=None if negative_costs is None else negative_costs[block],
            seed=(seed * 1_000_003 + number) % 2**31,
        )

    trained: list[NodeWeights] = []
    with progress.task("labels", len(present)) as advance:
        for part in range(0, len(blocks), _BLOCKS_PER_PART):
            numbers = range(part, min(part + _BLOCKS_PER_PART, len(blocks)))
            trained += _train_part(train, numbers, blocks, kept, f"labels-{part}", advance)
    return _assemble(trained, blocks, features.shape[1], positives.shape[1])


def _train_part(
    train: Callable[[int], NodeWeights],
    numbers: range,
    blocks: Sequence[np.ndarray],
    stages: Stages,
    stage: str,
    advance: Advance,
) -> list[NodeWeights]:
    """Some blocks, read where their stage is done; else trained, and kept where stages are kept."""

    def solve() -> list[NodeWeights]:
        solved: dict[int, NodeWeights] = {}
        for number, weights in run_jobs(train, numbers):
            advance(len(blocks[number]))
            solved[number] = weights
        return [solved[number] for number in numbers]

    if not stages.keeps:
        return solve()
    if stages.is_done(stage):
        advance(sum(len(blocks[number]) for number in numbers))
    return NodeWeights.unpack(stages.run(stage, lambda: NodeWeights.pack(solve())))


def _block_problem(by_label: csc_matrix, block: np.ndarray, n: int) -> NodeProblem:
    """Which documents are positives of the labels of a block; every document takes part."""
    documents = [by_label.indices[by_label.indptr[label] : by_label.indptr[label + 1]] for label in block]
    rows = np.concatenate(documents)
    classifiers = np.repeat(np.arange(len(block), dtype=np.int32), [len(part) for part in documents])
    order = np.argsort(rows, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    return NodeProblem(indptr, classifiers[order], np.ones(len(rows), np.float32), len(block))


def _assemble(
    trained: Sequence[NodeWeights], blocks: Sequence[np.ndarray], n_features: int, n_labels: int
) -> OneVsRest:
    """Blocks of labels side by side, as one matrix by feature."""
    biases = np.full(n_labels, -np.inf, dtype=np.float32)
    largest = np.zeros(n_labels, dtype=np.float32)
    for block, weights in zip(blocks, trained, strict=True):
        biases[block] = weights.biases
        np.maximum.at(largest, block[weights.columns], np.abs(weights.values))
    scales = np.where(largest > 0, largest / np.float32(_LARGEST), np.float32(1.0)).astype(np.float32)
    features = [np.repeat(weights.features, np.diff(weights.indptr)) for weights in trained]
    labels = [block[weights.columns] for block, weights in zip(blocks, trained, strict=True)]
    values = [
        np.rint(weights.values / scales[block[weights.columns]]).astype(np.int16)
        for block, weights in zip(blocks, trained, strict=True)
    ]
    nothing = [np.zeros(0, np.int32)]
    pairs = (np.concatenate(features or nothing), np.concatenate(labels or nothing))
    data = np.concatenate(values or [np.zeros(0, np.int16)])
    matrix = csr_matrix((data, pairs), shape=(n_features, n_labels))
    matrix.sort_indices()
    return OneVsRest(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, scales, biases)


@compiled
def _sum_weights(
    indices: np.ndarray,
    data: np.ndarray,
    start: int,
    end: int,
    weight_indptr: np.ndarray,
    weight_labels: np.ndarray,
    weight_values: np.ndarray,
    sums: np.ndarray,
) -> None:
    """sums[label] = a document's features times the label's weights, not yet scaled."""
    sums[:] = 0.0
    for j in range(start, end):
        feature, x = indices[j], data[j]
        for entry in range(weight_indptr[feature], weight_indptr[feature + 1]):
            sums[weight_labels[entry]] += x * np.float32(weight_values[entry])


@compiled
def _best_labels(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    weight_indptr: np.ndarray,
    weight_labels: np.ndarray,
    weight_values: np.ndarray,
    scales: np.ndarray,
    biases: np.ndarray,
    sums: np.ndarray,
    nodes: np.ndarray,
    scores: np.ndarray,
) -> None:
    for row in range(nodes.shape[0]):
        _sum_weights(indices, data, indptr[row], indptr[row + 1], weight_indptr, weight_labels, weight_values, sums)
        for label in range(sums.shape[0]):
            sums[label] = sums[label] * scales[label] + biases[label]
        insert_all(nodes[row], scores[row], sums, 0, np.zeros(0, np.int32))


@compiled
def _all_margins(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    weight_indptr: np.ndarray,
    weight_labels: np.ndarray,
    weight_values: np.ndarray,
    scales: np.ndarray,
    biases: np.ndarray,
    margins: np.ndarray,
) -> None:
    for row in range(margins.shape[0]):
        sums = margins[row]
        _sum_weights(indices, data, indptr[row], indptr[row + 1], weight_indptr, weight_labels, weight_values, sums)
        for label in range(sums.shape[0]):
            sums[label] = sums[label] * scales[label] + biases[label]
