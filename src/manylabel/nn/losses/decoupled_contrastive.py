"""Decoupled softmax in which other documents are negatives, too."""

from __future__ import annotations

from typing import ClassVar, Literal

from manylabel.nn.losses.decoupled_softmax import DecoupledSoftmax


class DecoupledContrastive(DecoupledSoftmax):
    """Decoupled softmax whose negatives are, beside the labels, the documents of the batch that share no label.

    For a memory that holds documents and labels side by side: what is near has to be right whichever it is. Only for a
    model that has vectors of documents; on scores of labels alone it is the decoupled softmax.

    Source: RAE-XMC (arXiv 2502.10615, 2025), its decoupled contrastive loss.
    """

    kind: Literal["decoupled-contrastive"] = "decoupled-contrastive"  # type: ignore[assignment]
    uses_documents: ClassVar[bool] = True
