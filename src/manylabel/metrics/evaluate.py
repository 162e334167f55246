"""Measure predictions against a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.topk import TopK
from manylabel.metrics import DEFAULT
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.groups import DEFAULT_CUTS
from manylabel.metrics.propensity import DEFAULT_A, DEFAULT_B
from manylabel.metrics.settings import Empty, Settings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def evaluate(
    topk: TopK,
    corpus: Corpus,
    *,
    metrics: Sequence[str] = DEFAULT,
    label_sets: csr_matrix | None = None,
    threshold: float | None = None,
    top_n: int | None = None,
    propensity_a: float = DEFAULT_A,
    propensity_b: float = DEFAULT_B,
    cuts: Sequence[int] = DEFAULT_CUTS,
    groups: bool = True,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
    empty: Empty = "skip",
) -> Evaluation:
    """Measure predictions against the true labels of a corpus.

    The order of a list is its ranking; a position without a label is a miss. Labels are matched by name: the corpus may
    have them in another order, or have labels that the model never saw, which count as truth and can only be missed.
    Every metric is also given by group of labels (head, torso, tail, unseen): hits, true labels and label sets are then
    those of the group only, positions in the lists stay as they are; P@k of a group is the share of its labels among
    the first k that is true. See the functions of the single metrics.

    Args:
        topk: predictions for the documents of the corpus, in its order. `topk.labels` is the label space of the model
            with its training counts; without it, that of the corpus.
        corpus: the documents.
        metrics: names as in :data:`manylabel.metrics.METRICS`, in any case: ``["P@1", "ndcg@5"]``.
        label_sets: bool ``[n, L]`` over the labels of the model: the label sets, for the metrics that need them.
        threshold: or: the listed labels with at least this score. By default `topk.default_threshold`.
        top_n: or: the first n labels.
        propensity_a: A of the propensities, see :mod:`manylabel.metrics.propensity`.
        propensity_b: B of the propensities.
        cuts: numbers of training documents from which a label is torso and head.
        groups: report every metric also by group.
        confidence: of the bootstrap intervals.
        n_bootstrap: number of resamples, 0 for no intervals.
        seed: of the resamples.
        empty: documents without a true label are left out (``skip``) or count (``zero``), see
            :class:`~manylabel.metrics.settings.Settings`.

    Raises:
        ConfigError: an unknown metric or an option out of range.
        InputError: no documents, not as many predictions as documents, a list that holds a label twice or is too short
            for a metric, labels that have nothing in common, or training counts that are needed but not known.
    """
    if len(topk) != len(corpus):
        raise InputError(f"{len(topk)} predictions for {len(corpus)} documents", remedy="predict the same documents")
    settings = Settings(
        metrics=metrics,
        threshold=threshold,
        top_n=top_n,
        propensity_a=propensity_a,
        propensity_b=propensity_b,
        cuts=cuts,
        groups=groups,
        confidence=confidence,
        n_bootstrap=n_bootstrap,
        seed=seed,
        empty=empty,
    )
    model = topk.labels if topk.labels is not None else corpus.labels
    evaluator = Evaluator(model, settings, test_labels=corpus.labels)
    evaluator.update(topk, corpus.positives, label_sets)
    return evaluator.result(dropped_labels=corpus.dropped_labels)
