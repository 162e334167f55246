"""`linear-ovr`: TF-IDF and one linear classifier per label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.folds import assign_folds
from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.linear.best_list import order_ties
from manylabel.linear.one_vs_rest import OneVsRest, fit_one_vs_rest
from manylabel.linear.positive_costs import search_positive_costs
from manylabel.models.base import Inputs, Model, at_least_one
from manylabel.models.explanation import Explanation
from manylabel.models.features import Features, expected_row_length
from manylabel.models.linear_costs import one_vs_rest_estimate
from manylabel.models.linear_explanation import Decided, WeighedText, explain_linear
from manylabel.models.linear_ovr_config import LinearOVRConfig

_FILE = "model.safetensors"
_NOTE = "what the word adds to the margin of the label's classifier: weight times feature value"


class LinearOVR(Model):
    """One versus rest: an independent linear classifier for each label, trained on all documents.

    Scores are margins under the squared hinge (a label is assigned above 0) and probabilities under the logistic
    loss. A label without training documents is never predicted. Source: Babbar and Schoelkopf 2017 (DiSMEC).
    """

    kind: ClassVar[str] = "linear-ovr"
    config: LinearOVRConfig

    def __init__(self, config: LinearOVRConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._features = Features(self.config.features)
        self._classifiers: OneVsRest | None = None

    @property
    def n_features(self) -> int | None:
        """Columns of the rows it takes; see :attr:`Model.n_features`."""
        return self._features.given

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on a corpus; see :meth:`Model.fit`."""
        kept = stages or Stages()
        learnt = Features(self.config.features)
        with progress.task("features", len(corpus)) as advance:
            features = learnt.fit(corpus, kept)
            advance(len(corpus))
        costs = self._search_costs(features, corpus, kept, progress)
        classifiers = fit_one_vs_rest(
            features,
            corpus.positives,
            self.config.solver,
            seed=self.config.seed,
            positive_costs=costs,
            stages=kept,
            progress=progress,
        )
        # All at once and last: a training that is interrupted leaves the model as it was.
        self._features, self._labels = learnt, corpus.labels.with_counts(corpus.positives)
        self._classifiers = classifiers
        return self

    def predict(self, inputs: Inputs, k: int = 10) -> TopK:
        """The k best labels of each document; see :meth:`Model.predict`."""
        labels, k = self.labels, at_least_one("k", k)
        assert self._classifiers is not None
        indices, scores = self._classifiers.predict(self._features.transform(inputs), k)
        if self.config.solver.loss != "logistic":
            return TopK(indices, scores, "margin", labels)
        scores = _sigmoid(scores)
        order_ties(indices, scores)
        return TopK(indices, scores, "probability", labels)

    def explain(self, texts: Sequence[str], k: int = 5, labels: Sequence[str] | None = None) -> list[Explanation]:
        """What each word adds to the margin, exactly; see :meth:`Model.explain`."""
        wanted = self._explicable(texts, labels)
        classifiers = self._classifiers
        assert classifiers is not None

        def decide(text: WeighedText, label: int) -> Decided:
            step = text.step("label", classifiers.weights_of(text.columns, label), float(classifiers.biases[label]))
            margin = np.array([step.total], np.float32)
            return (step,), float((_sigmoid(margin) if self.config.solver.loss == "logistic" else margin)[0])

        return explain_linear(texts, self._features, self.predict(texts, k), wanted, decide, _NOTE)

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time; see :meth:`Model.estimate`."""
        once = one_vs_rest_estimate(corpus, expected_row_length(corpus, self.config.features))
        search = self.config.cost_search
        if search is None:
            return once
        return replace(once, seconds=once.seconds * (1 + len(search.values) * (search.folds - 1)))

    def _search_costs(
        self, features: csr_matrix, corpus: Corpus | FeatureCorpus, stages: Stages, progress: Progress
    ) -> np.ndarray | None:
        search = self.config.cost_search
        if search is None:
            return None
        texts = corpus.texts if isinstance(corpus, Corpus) else None
        fold_of = assign_folds(corpus.positives, search.folds, seed=self.config.seed, texts=texts)
        return search_positive_costs(
            features,
            corpus.positives,
            self.config.solver,
            fold_of,
            search.values,
            by_label=search.best_for == "macro-F1",
            seed=self.config.seed,
            stages=stages.within("costs"),
            progress=progress,
        )

    def write(self, writer: RunWriter) -> None:
        """Write vocabulary and weights; see :meth:`Model.write`."""
        assert self._classifiers is not None
        weights = with_prefix("ovr", self._classifiers.to_arrays())
        writer.arrays(_FILE, {**self._features.to_arrays(), **weights})

    def restore(self, run: RunDirectory) -> None:
        """Read vocabulary and weights; see :meth:`Model.restore`."""
        arrays = run.read_arrays(_FILE)
        self._features.restore(arrays)
        self._classifiers = OneVsRest.from_arrays(without_prefix("ovr", arrays))
        self._classifiers.validate(self._features.fitted_width, len(self.labels))


def _sigmoid(margins: np.ndarray) -> np.ndarray:
    """Probabilities; the padding's ``-inf`` stays, since 0 would be a score."""
    with np.errstate(over="ignore"):
        probabilities = (1.0 / (1.0 + np.exp(-margins))).astype(np.float32)
    probabilities[np.isneginf(margins)] = -np.inf
    return probabilities
