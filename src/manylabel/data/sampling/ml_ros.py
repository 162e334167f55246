"""Clones of documents with rare labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.data.sampling.base import Sampler, clone_order, label_counts
from manylabel.data.sampling.class_aware import documents_by_label

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class MLROS(Sampler):
    """Clones documents of labels that are rarer than the mean, one label after the other, until `share` more are there.

    A label's imbalance is the documents of the most frequent label over its own (IRLbl). Labels above the mean over
    all labels take turns: in each round one document of each, drawn by chance, is cloned. A label drops out when it is
    no longer above the mean, which is taken anew after each round with the clones counted. Labels without documents
    are left out of the mean. The clones may also carry frequent labels, so that gains are least where labels co-occur.

    Source: Charte et al., Addressing imbalance in multilabel classification (Neurocomputing 2015), section 4
    (ML-ROS); there 10 to 25 per cent.
    """

    kind: Literal["ml-ros"] = "ml-ros"
    share: float = Field(default=0.25, ge=0, le=10, description="Clones, relative to the documents.")

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64, n and up to ``round(share n)`` more."""
        # Compiled, so not for those who only check a configuration.
        from manylabel.data.sampling.ml_ros_clones import clones_of_rare_labels

        n = positives.shape[0]
        wanted = round(self.share * n)
        counts = label_counts(positives)
        starts = np.concatenate([[0], np.cumsum(counts)])
        clones = clones_of_rare_labels(
            positives.indptr.astype(np.int64),
            positives.indices.astype(np.int64),
            documents_by_label(positives),
            starts,
            counts,
            random.random(wanted),
        )
        return clone_order(n, clones, random)
