"""Vectors of labels that begin at what the encoder makes of the labels' texts."""

from __future__ import annotations

import numpy as np
import torch

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.nn.encoders.base import Encoder, mean_over_tokens
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import States

_AT_ONCE = 64


def start_from_texts(head: Head, encoder: Encoder, labels: LabelSpace) -> None:
    """Put the vectors of label texts in the place of the head's random ones.

    A text's vector is what the head reads of a document: the pooled one, or the mean of its tokens' states. The mean
    over labels is taken from each, since it says nothing of any, and they get the mean length of the random rows.
    Labels without a text keep theirs. The idea: NGAME (Dahiya et al. 2023), section 3, whose classifiers begin there.

    Args:
        head: a new one.
        encoder: fitted.
        labels: the label space.

    Raises:
        InputError: no label has a text.
        ConfigError: the head has no vectors of labels, or they are of another width than the encoder's.
    """
    weights = head.label_weights()
    width = encoder.pooled_width if head.needs == "pooled" else encoder.width
    if weights is None or weights.shape[1] != width:
        raise ConfigError(
            f"initial_labels: label-text needs a head whose vectors of labels are as wide as the encoder's {width} "
            f"numbers{'' if weights is None else f', these have {weights.shape[1]}'}"
        )
    known = labels_with_texts(labels)
    texts = [labels.texts[number] or "" for number in known] if labels.texts is not None else []
    vectors = _vectors(head, encoder, texts)
    vectors = vectors - vectors.mean(dim=0, keepdim=True) if len(known) > 1 else vectors
    with torch.no_grad():
        size = weights.norm(dim=1).mean()
        directions = torch.nn.functional.normalize(vectors, dim=1)
        weights[torch.tensor(known)] = (directions * size).to(weights.device)


def labels_with_texts(labels: LabelSpace) -> list[int]:
    """The labels that have a text.

    Raises:
        InputError: none has one.
    """
    known = [number for number, text in enumerate(labels.texts or ()) if text and text.strip()]
    if not known:
        raise InputError("initial_labels: label-text needs labels with texts", remedy="give a label file that has them")
    return known


def _vectors(head: Head, encoder: Encoder, texts: list[str]) -> torch.Tensor:
    inputs = encoder.inputs(texts)
    learns, parts = encoder.training, []
    encoder.eval()
    device = encoder.device
    with torch.no_grad():
        for at in range(0, len(inputs), _AT_ONCE):
            rows = np.arange(at, min(at + _AT_ONCE, len(inputs)))
            states: States = encoder(inputs.batch(rows, multiple=encoder.multiple).to(device))
            parts.append(encoder.pool(states) if head.needs == "pooled" else mean_over_tokens(states))
    encoder.train(learns)
    return torch.cat(parts).float().cpu()
