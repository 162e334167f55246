"""What a run says of test documents, and what of it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.progress import Progress
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.decide.decision import Decision
from manylabel.decide.method import as_sets
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.runs.evaluate import OpenRun, check_unchanged, listed, predictions
from manylabel.runs.evaluate_config import EvaluateConfig
from manylabel.runs.reading import AnyCorpus, describe, read_test


@dataclass(frozen=True, eq=False)
class Measured:
    """Predictions for n test documents beside the truth.

    Attributes:
        corpus: the documents; its label space is that of the model, perhaps with more labels behind.
        topk: the best labels ``[n, k]``; where a decision calibrates scores, calibrated.
        sets: bool CSR ``[n, L]``, the label sets, over the labels of the model.
        evaluation: metrics of both.
    """

    corpus: AnyCorpus
    topk: TopK
    sets: csr_matrix
    evaluation: Evaluation

    @property
    def truth(self) -> csr_matrix:
        """bool CSR ``[n, L]``, the true labels that the model knows."""
        return csr_matrix(self.corpus.positives[:, : self.sets.shape[1]])

    @property
    def hits(self) -> np.ndarray:
        """bool ``[n, k]``: which of the listed labels are true."""
        n, k = self.topk.indices.shape
        rows = np.repeat(np.arange(n), k)
        labels = np.where(self.topk.indices == NO_LABEL, 0, self.topk.indices).ravel()
        found = np.asarray(self.corpus.positives[rows, labels]).reshape(n, k) if n and k else np.zeros((n, k))
        return found.astype(bool) & (self.topk.indices != NO_LABEL)


def measure_run(run: OpenRun, data: str | Path | None, progress: Progress) -> tuple[Measured | None, str]:
    """Measure a run on a test part, by default its own, as ``manylabel evaluate`` does.

    Args:
        run: the run.
        data: documents with labels.
        progress: counts documents.

    Returns:
        What was measured, or None where there is no test part; and a sentence that says on what, or why not.

    Raises:
        InputError, ConfigError: data that is asked for, or the run's own, and cannot be used.
    """
    own = run.config.data.test
    if data is None and own is None:
        return None, "The run was trained without a test part, so nothing here is measured: name one with --data."
    if data is None and own is not None and not Path(own).exists():
        return None, f"The test part {own} is no longer there: what needs its documents is left out."
    corpus = read_test(run.source(data), run.model.labels, run.model.n_features, progress)
    progress.note(describe(corpus))
    if data is None:
        check_unchanged(run, corpus)
    config, decision = run.config.evaluate, run.decision
    if config.threshold is not None or config.top_n is not None:
        decision = None
    parts = []
    with progress.task("predicting", len(corpus)) as advance:
        for _, topk in predictions(run.model, corpus, listed(config.k, decision)):
            parts.append(topk)
            advance(len(topk))
    topk = TopK.concatenate(parts)
    progress.note("measuring")
    measured = _evaluated(run, decision, corpus, topk, config)
    return measured, f"Measured on {len(corpus):,} documents of {Path(corpus.source or '').name}."


def _evaluated(
    run: OpenRun, decision: Decision | None, corpus: AnyCorpus, topk: TopK, config: EvaluateConfig
) -> Measured:
    settings, labels = config.settings(), run.model.labels
    if decision is None:
        evaluator = Evaluator(labels, settings, test_labels=corpus.labels)
        evaluator.update(topk, corpus.positives)
        sets, shown = _sets_of(topk, settings), topk
    else:
        evaluator = Evaluator(labels, settings, test_labels=corpus.labels, sets_by=f"decision {decision.kind}")
        sets, shown = decision.decide(topk), decision.scores(topk).head(config.k)
        evaluator.update(topk.head(config.k), corpus.positives, sets)
    return Measured(corpus, shown, sets, evaluator.result(dropped_labels=corpus.dropped_labels))


def _sets_of(topk: TopK, settings: Settings) -> csr_matrix:
    """Label sets as the evaluator makes them."""
    chosen = topk.indices != NO_LABEL
    if settings.top_n is not None:
        chosen[:, settings.top_n :] = False
        return as_sets(topk, chosen)
    threshold = topk.default_threshold if settings.threshold is None else settings.threshold
    return as_sets(topk, chosen & (topk.scores >= np.float32(threshold)))
