"""Labels that occur together with strong candidates, or stand next to them in the hierarchy."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_matrix, diags

from manylabel.combine.proposals import Proposals, stack
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.combine.sources.neighbours_config import NeighboursConfig
from manylabel.core.arrays import check_offsets
from manylabel.core.compiled import compiled
from manylabel.core.labels import LabelSpace
from manylabel.core.parallel import in_blocks
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.linear.best_list import insert

_FILE = "partners.safetensors"
_DOCUMENTS_PER_JOB = 512


class NeighbourSource(Source):
    """Company and kin of the strong candidates of the sources before.

    A strong candidate c, at rank r of a source, weighs ``1 / r``; w(c) is the sum over sources. The company of a label
    l is the sum over c of ``w(c) * n(c, l) / (n(c) + smoothing)``, where n counts training documents; then there are
    the weight of the label's children and that of its parents. The score is the sum of the three.
    """

    columns: ClassVar[tuple[str, ...]] = ("score", "company", "children", "parents")

    def __init__(self, config: NeighboursConfig) -> None:
        self.config = config
        self._n_labels = 0
        self._partners = _Links.none()
        self._parents = _Links.none()
        self._children = _Links.none()

    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """Count what occurs together; see :meth:`Source.fit`."""
        ones = csr_matrix(positives, dtype=np.float32)
        together = (ones.T @ ones).tocsr()
        counts = together.diagonal()
        together.setdiag(0)
        together.eliminate_zeros()
        shares = diags(1.0 / np.maximum(counts + self.config.smoothing, 1e-9)) @ together
        best = TopK.from_csr(csr_matrix(shares, dtype=np.float32), self.config.partners, kind="similarity")
        self._partners = _Links.of(best.to_csr(len(labels)))
        self._relate(labels)
        return self

    def propose(self, query: Query) -> Proposals:
        """What goes with the strong candidates; see :meth:`Source.propose`."""
        n, width = len(query.documents), self.config.candidates
        labels = np.full((n, width), -1, np.int32)
        scores = np.full((n, width), -np.inf, np.float32)
        starts, earlier, _ = stack(list(query.earlier.values()), n)

        def work(block: slice, sums: np.ndarray) -> None:
            strong = (starts[:, block.start : block.stop + 1], earlier, self.config.strong)
            _propose(*strong, self._links, sums, labels[block], scores[block])

        self._in_blocks(n, work)
        return Proposals.from_lists(labels, scores[:, :, None])

    def complete(self, query: Query, indptr: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Company and kin of any label; see :meth:`Source.complete`."""
        values = np.empty((len(candidates), len(self.columns)), np.float32)
        n = len(query.documents)
        starts, earlier, _ = stack(list(query.earlier.values()), n)

        def work(block: slice, sums: np.ndarray) -> None:
            strong = (starts[:, block.start : block.stop + 1], earlier, self.config.strong)
            _complete(*strong, self._links, sums, indptr[block.start : block.stop + 1], candidates, values)

        self._in_blocks(n, work)
        return values

    def _in_blocks(self, n: int, work: Callable[[slice, np.ndarray], None]) -> None:
        """Do something with blocks of n documents, and sums ``[L, 3]`` that are zero before and after."""
        in_blocks(n, _DOCUMENTS_PER_JOB, work, lambda: np.zeros((self._n_labels, 3), np.float32))

    @property
    def _links(self) -> tuple[_Links, _Links, _Links]:
        return self._partners, self._parents, self._children

    @property
    def idle(self) -> str | None:
        """Why it has nothing to propose; see :attr:`Source.idle`."""
        linked = len(self._partners.labels) + len(self._parents.labels)
        return None if linked else "no document has two labels, and no label has parents"

    def write(self, writer: RunWriter) -> None:
        """Write the partners of each label; see :meth:`Source.write`."""
        writer.arrays(_FILE, self._partners._asdict())

    def extend(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> None:
        """Place more labels in the hierarchy; see :meth:`Source.extend`."""
        self._partners = self._partners.widened(len(labels))
        self._relate(labels)

    def restore(self, run: RunDirectory, known: Known) -> None:
        """Read the partners of each label; see :meth:`Source.restore`."""
        labels = known.labels
        arrays = run.read_arrays(_FILE)
        partners = _Links(arrays["indptr"], arrays["labels"], arrays["weights"])
        check_offsets(partners.indptr, len(labels), len(partners.labels), "partners")
        if partners.weights.shape != partners.labels.shape:
            raise ValueError("the partners of labels have the wrong shape")
        if len(partners.labels) and not 0 <= partners.labels.min() <= partners.labels.max() < len(labels):
            raise ValueError("a partner is out of range")
        self._partners = partners
        self._relate(labels)

    def _relate(self, labels: LabelSpace) -> None:
        self._n_labels = len(labels)
        self._parents, self._children = _Links.of(labels.hierarchy), _Links.of(labels.hierarchy.T.tocsr())


class _Links(NamedTuple):
    """Weighted links from each label to others.

    Attributes:
        indptr: int64 ``[L + 1]``.
        labels: int32.
        weights: float32.
    """

    indptr: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, matrix: csr_matrix) -> _Links:
        return cls(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))

    def widened(self, n_labels: int) -> _Links:
        """The same with labels behind them that have no links."""
        more = np.full(n_labels + 1 - len(self.indptr), self.indptr[-1], np.int64)
        return self._replace(indptr=np.concatenate([self.indptr, more]))

    @classmethod
    def none(cls) -> _Links:
        return cls(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


@compiled
def _spread(
    label: int,
    weight: float,
    links: _Links,
    sums: np.ndarray,
    column: int,
    touched: np.ndarray,
    n_touched: int,
) -> int:
    """Add a label's weight to those that it is linked to; returns how many labels are touched then."""
    for j in range(links.indptr[label], links.indptr[label + 1]):
        other = links.labels[j]
        if sums[other, 0] == 0.0 and sums[other, 1] == 0.0 and sums[other, 2] == 0.0:
            touched[n_touched] = other
            n_touched += 1
        sums[other, column] += weight * links.weights[j]
    return n_touched


@compiled
def _sum_up(
    row: int,
    starts: np.ndarray,
    earlier: np.ndarray,
    strong: int,
    links: tuple[_Links, _Links, _Links],
    sums: np.ndarray,
) -> np.ndarray:
    """Fill `sums` (company, children, parents) for a document; returns the labels touched."""
    # Not a loop over the links: those read from a run are of another type to the compiler than those just made.
    partners, parents, children = links
    room = 0
    for source in range(starts.shape[0]):
        for j in range(starts[source, row], min(starts[source, row + 1], starts[source, row] + strong)):
            label = earlier[j]
            room += partners.indptr[label + 1] - partners.indptr[label]
            room += parents.indptr[label + 1] - parents.indptr[label]
            room += children.indptr[label + 1] - children.indptr[label]
    touched = np.empty(room, np.int32)
    n = 0
    for source in range(starts.shape[0]):
        first = starts[source, row]
        for j in range(first, min(starts[source, row + 1], first + strong)):
            label, weight = earlier[j], np.float32(1.0 / (j - first + 1))
            n = _spread(label, weight, partners, sums, 0, touched, n)
            n = _spread(label, weight, parents, sums, 1, touched, n)
            n = _spread(label, weight, children, sums, 2, touched, n)
    return touched[:n]


@compiled
def _propose(
    starts: np.ndarray,
    earlier: np.ndarray,
    strong: int,
    links: tuple[_Links, _Links, _Links],
    sums: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
) -> None:
    """`sums` ``[L, 3]`` is zero, also at the end."""
    for row in range(labels.shape[0]):
        touched = _sum_up(row, starts, earlier, strong, links, sums)
        for label in touched:
            insert(labels[row], scores[row], label, sums[label, 0] + sums[label, 1] + sums[label, 2])
            sums[label] = 0.0


@compiled
def _complete(
    starts: np.ndarray,
    earlier: np.ndarray,
    strong: int,
    links: tuple[_Links, _Links, _Links],
    sums: np.ndarray,
    candidate_indptr: np.ndarray,
    candidates: np.ndarray,
    values: np.ndarray,
) -> None:
    """`sums` ``[L, 3]`` is zero, also at the end."""
    for row in range(candidate_indptr.shape[0] - 1):
        touched = _sum_up(row, starts, earlier, strong, links, sums)
        for j in range(candidate_indptr[row], candidate_indptr[row + 1]):
            company, below, above = sums[candidates[j], 0], sums[candidates[j], 1], sums[candidates[j], 2]
            values[j, 0], values[j, 1], values[j, 2], values[j, 3] = company + below + above, company, below, above
        for label in touched:
            sums[label] = 0.0
