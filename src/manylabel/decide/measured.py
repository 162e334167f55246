"""How good label sets are on examples."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.sparse import csr_matrix

from manylabel.decide.examples import Examples
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings


def measure(examples: Examples, sets: csr_matrix, metrics: Sequence[str], *, groups: bool = True) -> Evaluation:
    """Metrics of label sets; what is assigned to a document without a true label counts as wrong.

    Args:
        examples: the documents.
        sets: bool CSR ``[n, L]``, their label sets.
        metrics: names of metrics of label sets.
        groups: also by head, torso, tail and unseen labels.
    """
    settings = Settings(metrics=metrics, groups=groups, n_bootstrap=0, cuts=examples.cuts, empty="zero")
    evaluator = Evaluator(examples.labels, settings, test_labels=examples.truth_labels)
    return evaluator.update(examples.topk.head(0), examples.truth, sets).result()
