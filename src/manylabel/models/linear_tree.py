"""`linear-tree`: TF-IDF, a probabilistic label tree of linear classifiers, or the mean of several such trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import Inputs, Model, at_least_one
from manylabel.models.explanation import Explanation
from manylabel.models.features import Features, expected_row_length
from manylabel.models.linear_costs import tree_estimate
from manylabel.models.linear_explanation import Decided, WeighedText, explain_linear, mean_step
from manylabel.models.linear_tree_config import LinearTreeConfig
from manylabel.trees.average import average
from manylabel.trees.paths import log_probability, path_to
from manylabel.trees.probabilistic_tree import ProbabilisticTree, fit_tree

_FILE = "model.safetensors"
_NOTE = (
    "what the word adds to the margins of the classifiers: weight times feature value; path: of the clusters that lead "
    "to the label, label: of the label among its cluster"
)


class LinearTree(Model):
    """A probabilistic label tree of linear classifiers.

    Labels are clustered by the documents they have (PIFA), each node of the tree holds a linear classifier per child
    trained on the documents that reach it, and a beam search finds the best labels of a document. Sources: Prabhu et
    al. 2018 (Parabel), Khandagale et al. 2020 (Bonsai), Yu et al. 2022 (PECOS, XR-Linear). Scores are probabilities.

    A wider `beam_width` or larger `k` may be asked for at prediction; labels outside the beam are not returned.
    """

    kind: ClassVar[str] = "linear-tree"
    config: LinearTreeConfig

    def __init__(self, config: LinearTreeConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._features = Features(self.config.features)
        self._trees: list[ProbabilisticTree] = []

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
        label_texts = None if self.config.tree.label_features == "pifa" else learnt.of_label_texts(corpus.labels)
        trees = [
            fit_tree(
                features,
                corpus.positives,
                self.config.tree,
                self.config.solver,
                hinge_power=self.config.hinge_power,
                beam_width=self.config.beam_width,
                seed=self.config.seed + number,
                label_texts=label_texts,
                stages=kept,
                prefix=f"tree{number}-",
                progress=progress,
            )
            for number in range(self.config.trees)
        ]
        # All at once and last: a training that is interrupted leaves the model as it was.
        self._features, self._labels = learnt, corpus.labels.with_counts(corpus.positives)
        self._trees = trees
        return self

    def predict(self, inputs: Inputs, k: int = 10, *, beam_width: int | None = None) -> TopK:
        """The k best labels of each document with their probabilities; see :meth:`Model.predict`.

        Args:
            inputs: texts, or CSR rows for a model fitted on features.
            k: number of labels.
            beam_width: another beam than the configuration's.
        """
        labels, k = self.labels, at_least_one("k", k)
        width = self.config.beam_width if beam_width is None else at_least_one("beam_width", beam_width)
        features = self._features.transform(inputs)
        if len(self._trees) == 1:
            indices, scores = self._trees[0].predict(features, k, beam_width=width)
        else:
            # A label that is best on average stands high in each tree's own list, not always within its first k.
            depth = max(2 * k, 2 * width)
            indices, scores = average([tree.predict(features, depth, beam_width=width) for tree in self._trees], k)
        return TopK(indices, scores, "probability", labels)

    def explain(self, texts: Sequence[str], k: int = 5, labels: Sequence[str] | None = None) -> list[Explanation]:
        """What each word adds to the margins on the way to a label, exactly; see :meth:`Model.explain`.

        The step ``label`` is the label's own classifier, which sets it apart from the others of its cluster; ``path``
        is the sum of those of the clusters that lead there. With several trees both are the means over them.
        """
        wanted = self._explicable(texts, labels)

        def decide(text: WeighedText, label: int) -> Decided:
            paths = [path_to(tree, label, text.columns) for tree in self._trees]
            parts = [[text.step("label", step.weights, step.bias) for step in path] for path in paths]
            margins = [np.array([step.total for step in part]) for part in parts]
            scores = [np.exp(log_probability(tree, m)) for tree, m in zip(self._trees, margins, strict=True)]
            above = [step for part in parts for step in part[:-1]]
            steps = mean_step("label", [part[-1] for part in parts], len(parts))
            led = (mean_step("path", above, len(parts)),) if above else ()
            return (*led, steps), float(np.mean(scores))

        return explain_linear(texts, self._features, self.predict(texts, k), wanted, decide, _NOTE)

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time; see :meth:`Model.estimate`."""
        length = expected_row_length(corpus, self.config.features)
        return tree_estimate(corpus, length, self.config.tree.branching, self.config.tree.leaf_size, self.config.trees)

    def write(self, writer: RunWriter) -> None:
        """Write vocabulary and trees; see :meth:`Model.write`."""
        arrays: dict[str, np.ndarray] = dict(self._features.to_arrays())
        for number, tree in enumerate(self._trees):
            arrays.update(with_prefix(f"trees{number}", tree.to_arrays()))
        writer.arrays(_FILE, arrays)

    def restore(self, run: RunDirectory) -> None:
        """Read vocabulary and trees; see :meth:`Model.restore`."""
        arrays = run.read_arrays(_FILE)
        self._features.restore(arrays)
        self._trees = [
            ProbabilisticTree.from_arrays(without_prefix(f"trees{number}", arrays))
            for number in range(self.config.trees)
        ]
        for tree in self._trees:
            tree.validate(self._features.fitted_width, len(self.labels))
