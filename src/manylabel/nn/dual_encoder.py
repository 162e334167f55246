"""Two readers and one space: vectors of documents and of labels' texts, whose products are scores."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.rows import rows_of
from manylabel.nn.inputs import Batch

_LARGEST_SCALE = 100.0
"""Of a learned temperature; beyond it single pairs take all of the gradient (Radford et al., CLIP, 2021, 2.5)."""


class DualEncoder(nn.Module):
    """Scores ``s_il = <f(d_i), g(t_l)> / tau`` of documents d and texts t of labels.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-label Classification (ICLR 2024), section 3; a free vector
    for a label, added to that of its text: Dahiya et al., NGAME (WSDM 2023), section 3.

    Args:
        documents: reads documents, and labels too where `labels` is None.
        labels: reads labels.
        space: what lies between the encoders' vectors and the space of the scores.
    """

    def __init__(self, documents: Encoder, labels: Encoder | None, space: Space) -> None:
        super().__init__()
        self.documents = documents
        self.labels = labels
        self.space = space

    @property
    def label_encoder(self) -> Encoder:
        """What reads labels."""
        return self.documents if self.labels is None else self.labels

    def document_vectors(self, batch: Batch) -> Tensor:
        """Vectors of documents, float32 ``[B, d]``."""
        return self.space(_pooled(self.documents, batch))

    def label_vectors(self, batch: Batch, free_rows: Tensor | None = None) -> Tensor:
        """Vectors of labels, float32 ``[B, d]``.

        Args:
            batch: their texts.
            free_rows: int64 ``[B]``, which free vector each has, -1 for none; None for none at all.
        """
        return self.space(_pooled(self.label_encoder, batch), free_rows)


class Space(nn.Module):
    """From pooled vectors to the space of the scores: a projection, free vectors, unit length, the temperature.

    Args:
        width: p of the pooled vectors.
        dimension: d of the space; None leaves vectors as wide as they are.
        normalised: whether vectors have unit length, so that products are cosines.
        temperature: tau, above 0.
        learned: whether the temperature is learned from there.
        n_free: number of free vectors, which begin at zero.
        sparse: whether the gradient of the free vectors holds the rows of a step alone.
    """

    def __init__(
        self,
        width: int,
        *,
        dimension: int | None = None,
        normalised: bool = True,
        temperature: float = 0.05,
        learned: bool = False,
        n_free: int = 0,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        self.projection = None if dimension is None else nn.Linear(width, dimension, bias=False)
        self.dimension = dimension or width
        self.normalised = normalised
        self.sparse = sparse
        self.free = nn.Parameter(torch.zeros(n_free, self.dimension)) if n_free else None
        self.by_row = ("free",) if n_free and sparse else ()
        log_scale = torch.tensor(-math.log(temperature))
        if learned:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def forward(self, pooled: Tensor, free_rows: Tensor | None = None) -> Tensor:
        """Vectors in the space, float32 ``[B, d]``, of pooled ones ``[B, p]``."""
        vectors = (pooled if self.projection is None else self.projection(pooled)).float()
        if self.free is not None and free_rows is not None:
            own = rows_of(self.free, free_rows[:, None], sparse=self.sparse).squeeze(1)
            vectors = vectors + own * (free_rows >= 0)[:, None]
        return functional.normalize(vectors, dim=1) if self.normalised else vectors

    @property
    def scale(self) -> Tensor:
        """What products are multiplied by, ``1 / tau``, a scalar."""
        return self.log_scale.exp().clamp(max=_LARGEST_SCALE) if self.log_scale.requires_grad else self.log_scale.exp()


def _pooled(encoder: Encoder, batch: Batch) -> Tensor:
    pooled = encoder.pooled(batch).pooled
    assert pooled is not None
    return pooled
