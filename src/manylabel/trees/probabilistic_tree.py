"""A probabilistic label tree of linear classifiers: cluster the labels, train every node, search with a beam.

Works on matrices: features and positives in, top-k out. Texts, label spaces and files are the business of
:mod:`manylabel.models`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack

from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.errors import ConfigError
from manylabel.core.parallel import run_jobs
from manylabel.core.progress import SILENT, Advance, Progress
from manylabel.core.stages import Stages
from manylabel.linear.chunks import ChunkedWeights
from manylabel.linear.node_training import NodeWeights, all_rows, gather_rows, train_classifiers
from manylabel.linear.solver_options import SolverOptions
from manylabel.trees.beam import LOG_SIGMOID, finish, root_beam, search_level
from manylabel.trees.label_features import pifa
from manylabel.trees.label_tree import LabelTree, build_balanced_tree, build_kmeans_tree
from manylabel.trees.node_rows import LevelExamples, nodes_of_documents
from manylabel.trees.tree_options import TreeOptions

_HIGHEST_POWER = 8  # of the hinge link
_CLASSIFIERS_A_VISIT_COSTS = 12  # reading a document takes as long as so many classifiers' share in it
_WORK_PER_PART = 100_000_000_000  # multiply-adds between two points that a resumed run can continue from


@dataclass(frozen=True, eq=False)
class ProbabilisticTree:
    """A trained tree.

    Attributes:
        tree: the clusters.
        levels: the classifiers of each level.
        link: see :mod:`manylabel.trees.beam`.
    """

    tree: LabelTree
    levels: tuple[ChunkedWeights, ...]
    link: int

    def predict(self, features: csr_matrix, k: int, *, beam_width: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels of each row: indices int32 ``[n, k]`` and probabilities float32 ``[n, k]``, best first.

        Args:
            features: float32 CSR ``[n, d]`` with sorted columns.
            k: labels wanted.
            beam_width: nodes kept per level.
        """
        beam = root_beam(features.shape[0])
        for level in range(self.tree.depth):
            last = level == self.tree.depth - 1
            names = self.tree.label_order if last else None
            width = k if last else beam_width
            beam = search_level(features, self.levels[level], self.tree.offsets[level], names, beam, width, self.link)
        return finish(*beam)

    def validate(self, n_features: int, n_labels: int) -> None:
        """Check what the compiled search takes for granted.

        Raises:
            ValueError: arrays that do not fit together, to the number of features or to that of labels.
        """
        self.tree.validate()
        if self.tree.n_labels != n_labels:
            raise ValueError(f"a tree of {self.tree.n_labels} labels for {n_labels}")
        if not LOG_SIGMOID <= self.link <= _HIGHEST_POWER:
            raise ValueError(f"no such link: {self.link}")
        for offsets, weights in zip(self.tree.offsets, self.levels, strict=True):
            weights.validate(offsets, n_features)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        arrays = {**with_prefix("tree", self.tree.to_arrays()), "link": np.array([self.link], dtype=np.int32)}
        for level, weights in enumerate(self.levels):
            arrays.update(with_prefix(f"level{level}", weights.to_arrays()))
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> ProbabilisticTree:
        """Read what :meth:`to_arrays` gave."""
        tree = LabelTree.from_arrays(without_prefix("tree", arrays))
        levels = (ChunkedWeights.from_arrays(without_prefix(f"level{level}", arrays)) for level in range(tree.depth))
        return cls(tree, tuple(levels), int(arrays["link"][0]))


def fit_tree(
    features: csr_matrix,
    positives: csr_matrix,
    options: TreeOptions,
    solver: SolverOptions,
    *,
    hinge_power: int,
    beam_width: int,
    seed: int,
    label_texts: csr_matrix | None = None,
    row_costs: np.ndarray | None = None,
    stages: Stages | None = None,
    prefix: str = "",
    progress: Progress = SILENT,
) -> ProbabilisticTree:
    """Cluster the labels and train every node.

    Args:
        features: float32 CSR ``[n, d]`` with sorted columns.
        positives: CSR ``[n, L]``.
        options: of the tree.
        solver: of the classifiers.
        hinge_power: p of the link ``exp(-max(0, 1 - margin)^p)``; the logistic loss has its own.
        beam_width: of the search for matcher-aware negatives.
        seed: of clustering and solver.
        label_texts: float32 CSR ``[L, d]``, features of the labels' texts, for ``label_features: text`` or ``mixed``.
        row_costs: float32 ``[n]``, weight of each document, in the clustering as in the classifiers; ones by default.
        stages: where finished stages are kept.
        prefix: put before the names of stages.
        progress: told of trained node pairs.
    """
    kept = stages or Stages()
    link = LOG_SIGMOID if solver.loss == "logistic" else hinge_power
    arrays = kept.run(
        f"{prefix}clusters", lambda: _cluster(features, positives, options, seed, label_texts, row_costs).to_arrays()
    )
    tree = LabelTree.from_arrays(arrays)
    trainer = _Trainer(features, solver, row_costs, seed, kept, prefix, progress)
    children = nodes_of_documents(tree, positives)
    if options.negatives == "teacher-forcing":
        visited = [None, *children[:-1]]
        examples = [
            LevelExamples(tree.offsets[level], children[level], visited[level], options.relevance)
            for level in range(tree.depth)
        ]
        levels = trainer.train(examples, "nodes")
    else:
        levels = []
        beam = root_beam(features.shape[0])
        for level in range(tree.depth):
            visited_by = None if level == 0 else _union(children[level - 1], beam[0])
            example = LevelExamples(tree.offsets[level], children[level], visited_by, options.relevance)
            levels += trainer.train([example], f"nodes{level}")
            if level < tree.depth - 1:
                beam = search_level(features, levels[level], tree.offsets[level], None, beam, beam_width, link)
    return ProbabilisticTree(tree, tuple(levels), link)


def _cluster(
    features: csr_matrix,
    positives: csr_matrix,
    options: TreeOptions,
    seed: int,
    label_texts: csr_matrix | None,
    row_costs: np.ndarray | None,
) -> LabelTree:
    if options.label_features != "pifa" and label_texts is None:
        raise ConfigError(f"label_features: {options.label_features} needs a label file with texts (data.labels)")
    parts = []
    if options.label_features != "text":
        weighted = features if row_costs is None else csr_matrix(diags(row_costs) @ features, dtype=np.float32)
        parts.append(pifa(weighted, positives, keep=options.pifa_keep))
    if options.label_features != "pifa":
        parts.append(label_texts)
    joined = parts[0] if len(parts) == 1 else hstack(parts, format="csr", dtype=np.float32) * np.float32(0.5**0.5)
    build = build_balanced_tree if options.clustering == "balanced" else build_kmeans_tree
    # A label that nothing is known of would only push apart what belongs together.
    known = np.flatnonzero(np.diff(joined.indptr)).astype(np.int32)
    if len(known) == 0:
        known = np.arange(joined.shape[0], dtype=np.int32)
    if len(known) < joined.shape[0]:
        joined = joined[known]
    tree = build(joined, branching=options.branching, leaf_size=options.leaf_size, seed=seed)
    return tree.among(known, positives.shape[1])


def _union(positives: csr_matrix, beam: np.ndarray) -> csr_matrix:
    """Nodes that a document has a label below, and nodes that the beam holds."""
    present = beam >= 0
    indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    led = csr_matrix((np.ones(int(present.sum()), np.float32), beam[present], indptr), shape=positives.shape)
    return (positives + led).tocsr()


class _Trainer:
    """Trains the nodes of given levels in parts that a resumed run need not train again."""

    def __init__(
        self,
        features: csr_matrix,
        solver: SolverOptions,
        row_costs: np.ndarray | None,
        seed: int,
        stages: Stages,
        prefix: str,
        progress: Progress,
    ) -> None:
        self.features = features
        self.solver = solver
        self.row_costs = row_costs
        self.seed = seed
        self.stages = stages
        self.prefix = prefix
        self.progress = progress
        self.of_thread = threading.local()

    def train(self, examples: Sequence[LevelExamples], name: str) -> list[ChunkedWeights]:
        """Classifiers of each of some levels; the largest nodes first, whatever their level."""
        jobs = [(level, node) for level, example in enumerate(examples) for node in range(len(example.offsets) - 1)]
        row_length = self.features.nnz / max(self.features.shape[0], 1)
        work = {
            (level, node): len(examples[level].rows_of(node))
            * (_CLASSIFIERS_A_VISIT_COSTS + int(np.diff(examples[level].offsets)[node]))
            for level, node in jobs
        }
        jobs.sort(key=lambda job: (-work[job], job))
        parts: list[list[tuple[int, int]]] = [[]]
        filled = 0.0
        for job in jobs:
            if filled > _WORK_PER_PART:
                parts.append([])
                filled = 0.0
            parts[-1].append(job)
            filled += work[job] * row_length
        trained: dict[tuple[int, int], NodeWeights] = {}
        with self.progress.task(f"{self.prefix}classifiers", sum(work.values())) as advance:
            for number, part in enumerate(parts):
                for job, weights in self._train_part(examples, part, f"{self.prefix}{name}-{number}", work, advance):
                    trained[job] = weights
        return [
            ChunkedWeights.from_nodes([trained.pop((level, node)) for node in range(len(example.offsets) - 1)])
            for level, example in enumerate(examples)
        ]

    def _train_part(
        self,
        examples: Sequence[LevelExamples],
        part: Sequence[tuple[int, int]],
        stage: str,
        work: Mapping[tuple[int, int], int],
        advance: Advance,
    ) -> Iterator[tuple[tuple[int, int], NodeWeights]]:
        """The nodes of one part, read where the part is done; else trained, and kept where stages are kept."""
        if not self.stages.keeps:
            yield from self._solve(examples, part, work, advance)
            return
        if self.stages.is_done(stage):
            advance(sum(work[job] for job in part))

        def compute() -> dict[str, np.ndarray]:
            solved = dict(self._solve(examples, part, work, advance))
            return NodeWeights.pack([solved[job] for job in part])

        yield from zip(part, NodeWeights.unpack(self.stages.run(stage, compute)), strict=True)

    def _solve(
        self,
        examples: Sequence[LevelExamples],
        part: Sequence[tuple[int, int]],
        work: Mapping[tuple[int, int], int],
        advance: Advance,
    ) -> Iterator[tuple[tuple[int, int], NodeWeights]]:
        def solve(job: tuple[int, int]) -> NodeWeights:
            level, node = job
            if not hasattr(self.of_thread, "scratch"):
                self.of_thread.scratch = np.full(self.features.shape[1], -1, np.int32)
            rows = examples[level].rows_of(node)
            if examples[level].trained_by_all:
                local = all_rows(self.features)
            else:
                local = gather_rows(self.features, rows, self.of_thread.scratch)
            seed = (self.seed * 1_000_003 + level * 7919 + node) % 2**31
            problem = examples[level].problem(node, rows)
            return train_classifiers(local, problem, self.solver, row_costs=self.row_costs, seed=seed)

        for job, weights in run_jobs(solve, part):
            advance(work[job])
            yield job, weights
