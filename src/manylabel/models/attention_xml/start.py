"""How the network of a level begins: as the one above, with biases at the priors."""

from __future__ import annotations

import copy

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.base import Head


def encoder_like(encoder: Encoder) -> Encoder:
    """A copy that is trained by itself; parameters that are not trained stay shared."""
    still = {id(one): one for one in encoder.parameters() if not one.requires_grad}
    return copy.deepcopy(encoder, dict(still))


def begin_like(head: Head, above: Head) -> None:
    """Give a head what that of the level above has learned and that belongs to no label: parameters of one shape."""
    learned = dict(above.named_parameters())
    per_label = len(above.bias)
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            other = learned.get(name)
            if other is not None and other.shape == parameter.shape and len(other) != per_label:
                parameter.copy_(other)


def expected_documents(above: csr_matrix, width: int) -> np.ndarray:
    """For how many documents a node's children will be candidates, before anything is known of what will be predicted.

    For those with a label below it; and for a share of the others, as if what their own nodes leave of the beam fell
    on all other nodes alike. Exact where the beam holds all nodes.

    Args:
        above: CSR ``[n, nodes]``, the nodes with labels of each document.
        width: nodes that a document is trained below.

    Returns:
        float64 ``[nodes]``.
    """
    n, nodes = above.shape
    own = np.diff(above.indptr)
    documents = np.bincount(above.indices, minlength=nodes).astype(np.float64)
    share = np.maximum(min(width, nodes) - own, 0).sum() / max(n * nodes - int(own.sum()), 1)
    return documents + share * (n - documents)


def begin_at_priors(head: Head, positives: np.ndarray, documents: np.ndarray | int) -> None:
    """Start the biases at how often each label is right where it is a candidate.

    Args:
        head: with a bias for each of N labels.
        positives: ``[N]``, documents of each.
        documents: for each of which it is a candidate, ``[N]`` or one number.
    """
    share = (positives + 0.5) / (np.maximum(documents, positives) + 1.0)
    with torch.no_grad():
        head.bias.copy_(torch.logit(torch.from_numpy(share.astype(np.float32))))
