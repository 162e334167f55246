"""Where a linear model gets its features: TF-IDF of texts that it learns, or rows that it is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array, csr_matrix

from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError, NotFittedError
from manylabel.core.labels import LabelSpace
from manylabel.core.stages import Stages
from manylabel.data.feature_files import FeatureCorpus
from manylabel.text.tfidf import Tfidf
from manylabel.text.tfidf_config import TfidfConfig

_SAMPLE = 500


class Features:
    """Turns what a model is given into float32 CSR rows with sorted columns."""

    def __init__(self, config: TfidfConfig) -> None:
        self.config = config
        self.tfidf: Tfidf | None = None
        self.width: int | None = None

    @property
    def given(self) -> int | None:
        """Number of columns of the rows that it is given; None where it takes texts."""
        return None if self.tfidf is not None else self.width

    @property
    def fitted_width(self) -> int:
        """Number of features of a row, d.

        Raises:
            NotFittedError: before :meth:`fit`.
        """
        if self.width is None:
            raise NotFittedError("the model is not fitted: call fit first")
        return self.width

    def fit(self, corpus: Corpus | FeatureCorpus, stages: Stages) -> csr_matrix:
        """Features ``[n, d]`` of the training documents.

        Raises:
            InputError: no documents, or not a single label.
        """
        if len(corpus) == 0 or corpus.positives.nnz == 0:
            missing = "documents" if len(corpus) == 0 else "labels"
            raise InputError(f"there are no {missing} to train on", path=corpus.source)
        if isinstance(corpus, FeatureCorpus):
            self.width = corpus.features.shape[1]
            return _canonical(corpus.features)
        self.tfidf = Tfidf(self.config)
        if stages.is_done("vocabulary"):
            self.tfidf = Tfidf.from_arrays(self.config, stages.run("vocabulary", dict))
            matrix = self.tfidf.transform(corpus.texts)
        else:
            matrix = self.tfidf.fit_transform(corpus.texts)
            stages.run("vocabulary", self.tfidf.to_arrays)
        self.width = matrix.shape[1]
        return matrix

    def transform(self, inputs: object) -> csr_matrix:
        """Features ``[n, d]`` of new documents.

        Raises:
            InputError: a string instead of a list of them, texts for a model fitted on rows of features or the other
                way round, or rows of another width.
        """
        width = self.fitted_width
        if isinstance(inputs, str):
            raise InputError("expected a list of texts, got a single string", remedy="pass [text]")
        if self.tfidf is not None:
            if hasattr(inputs, "indptr"):
                raise InputError("this model was trained on texts, not on rows of features")
            return self.tfidf.transform(inputs)  # type: ignore[arg-type]
        if not isinstance(inputs, (csr_matrix, csr_array)):
            raise InputError("this model was trained on rows of features: give a CSR matrix")
        if inputs.ndim != 2 or inputs.shape[1] != width:
            raise InputError(f"rows have {inputs.shape[-1]} features, the model was trained on {width}")
        return _canonical(inputs)

    def of_label_texts(self, labels: LabelSpace) -> csr_matrix | None:
        """Features of the labels' own texts, or None where there are none to take."""
        if self.tfidf is None or labels.texts is None:
            return None
        alternatives = labels.alternatives or [()] * len(labels)
        texts = [" ".join([labels.text_of(i), *alternatives[i]]) for i in range(len(labels))]
        return self.tfidf.transform(texts)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What must be stored: the vocabulary, or only the width."""
        if self.tfidf is not None:
            return with_prefix("tfidf", self.tfidf.to_arrays())
        return {"width": np.array([self.width], dtype=np.int64)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Read what :meth:`to_arrays` gave."""
        if "width" in arrays:
            self.width = int(arrays["width"][0])
            return
        self.tfidf = Tfidf.from_arrays(self.config, without_prefix("tfidf", arrays))
        self.width = self.tfidf.n_features


def expected_row_length(corpus: Corpus | FeatureCorpus, config: TfidfConfig) -> float:
    """Mean number of features of a document, from a sample of the texts."""
    if isinstance(corpus, FeatureCorpus):
        return corpus.features.nnz / max(len(corpus), 1)
    step = max(len(corpus) // _SAMPLE, 1)
    sample = [text for text in corpus.texts[::step] if text.strip()]
    if not sample:
        return 1.0
    matrix = Tfidf(config.with_values(min_df=1, max_df=1.0)).fit_transform(sample)
    return matrix.nnz / max(len(corpus.texts[::step]), 1)


def _canonical(matrix: csr_matrix | csr_array) -> csr_matrix:
    """float32, sorted columns, no duplicates; the given matrix is left as it is.

    Raises:
        InputError: a value is NaN or infinite.
    """
    # The flags are found out on an object of our own: asking the given one would write into it.
    rows = csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    if rows.dtype != np.float32 or not rows.has_canonical_format:
        rows = csr_matrix(rows, dtype=np.float32, copy=True)
        rows.sum_duplicates()
    if not np.isfinite(rows.data).all():
        raise InputError("a feature is NaN or infinite", remedy="mend or drop the row")
    return rows
