"""Vectors of many documents or labels, by a dual encoder that does not learn just now."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from manylabel.core.progress import SILENT, Progress
from manylabel.nn.dual_encoder import DualEncoder
from manylabel.nn.inputs import Inputs
from manylabel.nn.scoring import batches_to_score
from manylabel.train.config import TrainConfig
from manylabel.train.device import autocast
from manylabel.train.matching import LabelTexts


def document_vectors(
    network: DualEncoder, inputs: Inputs, train: TrainConfig, progress: Progress = SILENT
) -> np.ndarray:
    """Vectors of n documents, float32 ``[n, d]``."""

    def of(rows: np.ndarray, device: torch.device) -> Tensor:
        return network.document_vectors(inputs.batch(rows, multiple=network.documents.multiple).to(device))

    return _vectors(network, network.documents.device, inputs, of, train, "documents", progress)


def label_vectors(
    network: DualEncoder, texts: LabelTexts, train: TrainConfig, progress: Progress = SILENT
) -> np.ndarray:
    """Vectors of L labels, float32 ``[L, d]``."""

    def of(labels: np.ndarray, device: torch.device) -> Tensor:
        (chunk,) = texts.chunks(labels, len(labels), network.label_encoder.multiple)
        chunk = chunk.to(device)
        return network.label_vectors(chunk.texts, chunk.free_rows)

    return _vectors(network, network.documents.device, texts.inputs, of, train, "labels", progress)


def _vectors(
    network: DualEncoder,
    device: torch.device,
    inputs: Inputs,
    of: Callable[[np.ndarray, torch.device], Tensor],
    train: TrainConfig,
    what: str,
    progress: Progress,
) -> np.ndarray:
    """Those of all inputs, batch by batch, in evaluation mode."""
    vectors = np.zeros((len(inputs), network.space.dimension), np.float32)
    learns = network.training
    network.eval()
    try:
        with (
            progress.task(f"vectors of {what}", len(inputs)) as advance,
            torch.inference_mode(),
            autocast(train, device),
        ):
            for rows in batches_to_score(inputs, device):
                vectors[rows] = of(rows, device).float().cpu().numpy()
                advance(len(rows))
    finally:
        network.train(learns)
    return vectors
