"""The best labels of many documents, batch by batch; nothing of the size documents by labels is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.core.progress import Advance
from manylabel.core.topk import NO_LABEL
from manylabel.nn.inputs import Inputs

_TOKENS_AT_ONCE = (1 << 12, 1 << 16)
"""Of a batch, without and with a GPU."""

_CELLS_AT_ONCE = 1 << 25
"""Scores ``[B, L]`` of a batch at most."""


def best_labels(
    network: nn.Module,
    inputs: Inputs,
    k: int,
    *,
    n_labels: int,
    outputs: Callable[[Tensor], Tensor],
    tokens_at_once: int | None = None,
    watch: Callable[[np.ndarray, Tensor], None] | None = None,
    advance: Advance = lambda units: None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k best labels of n documents.

    Args:
        network: in evaluation mode, called with a batch, gives scores ``[B, L]``.
        inputs: of the documents.
        k: number of labels.
        n_labels: L.
        outputs: what makes of scores what is ranked and given, see :meth:`Loss.outputs`.
        tokens_at_once: tokens of a batch, padding included; a longer document is alone in its batch. By default about
            those of a usual training batch on a CPU, so that scoring needs no more memory, and many on a GPU.
        watch: called with the documents of each batch, int64 ``[B]``, and their scores ``[B, L]``.
        advance: called with the number of documents just scored.

    Returns:
        int32 ``[n, k]`` and float32 ``[n, k]``, best first, ties by label; padded where there are fewer labels.
    """
    device = next(network.parameters()).device
    indices = np.full((len(inputs), k), NO_LABEL, np.int32)
    scores = np.full((len(inputs), k), -np.inf, np.float32)
    width = min(k, n_labels)
    for rows in batches_to_score(inputs, device, n_labels=n_labels, tokens_at_once=tokens_at_once):
        with torch.inference_mode():
            given = network(inputs.batch(rows, multiple=multiple_of(network)).to(device)).float()
            if watch is not None:
                watch(rows, given)
            found = outputs(given)
        indices[rows, :width], scores[rows, :width] = best_columns(found, width)
        advance(len(rows))
    return indices, scores


Candidates = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Documents int64 ``[B]`` to labels int64 ``[B, C]`` (-1 pads) and what is added to their scores, float32."""


def best_candidates(
    network: nn.Module,
    inputs: Inputs,
    k: int,
    *,
    candidates: Candidates,
    outputs: Callable[[Tensor], Tensor],
    tokens_at_once: int | None = None,
    watch: Callable[[np.ndarray, np.ndarray, Tensor], None] | None = None,
    advance: Advance = lambda units: None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each document's candidates; no other label is scored.

    Args:
        network: in evaluation mode, called with a batch and a shortlist, gives scores ``[B, C]``.
        inputs: of n documents.
        k: number of labels.
        candidates: of some of the documents. Of equal scores the candidate that comes first is taken.
        outputs: of scores, before what `candidates` gives is added.
        tokens_at_once: as for :func:`best_labels`.
        watch: called with the documents of each batch, their candidates and the network's scores of these.
        advance: called with the number of documents just scored.

    Returns:
        int32 ``[n, k]`` and float32 ``[n, k]``, best first; padded where there are fewer candidates.
    """
    device = next(network.parameters()).device
    indices = np.full((len(inputs), k), NO_LABEL, np.int32)
    scores = np.full((len(inputs), k), -np.inf, np.float32)
    for rows in batches_to_score(inputs, device, tokens_at_once=tokens_at_once):
        ids, added = candidates(rows)
        width = min(k, ids.shape[1])
        if width:
            with torch.inference_mode():
                shortlist = torch.from_numpy(ids).to(device)
                given = network(inputs.batch(rows, multiple=multiple_of(network)).to(device), shortlist).float()
                if watch is not None:
                    watch(rows, ids, given)
                found = outputs(given) + torch.from_numpy(added).to(device)
            columns, best = best_columns(found.masked_fill(shortlist < 0, -torch.inf), width)
            kept = np.take_along_axis(ids, columns.astype(np.int64), axis=1)
            indices[rows, :width] = np.where(np.isneginf(best), NO_LABEL, kept)
            scores[rows, :width] = best
        advance(len(rows))
    return indices, scores


def multiple_of(network: nn.Module) -> int:
    """What the lengths of a network's batches are a multiple of."""
    return int(getattr(getattr(network, "encoder", None), "multiple", 1))


def best_columns(scores: Tensor, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest of each row with their columns, best first, equal ones by column.

    Args:
        scores: floats ``[B, L]`` without NaN, L at least k.
    """
    # What equals the last of the k may stand in other columns too: all such are looked at.
    least = scores.topk(k, dim=1).values[:, -1:] if k else scores[:, :0]
    rows, columns = (found.cpu().numpy() for found in torch.nonzero(scores >= least, as_tuple=True))
    values = scores[rows, columns].cpu().numpy()
    kept = np.lexsort((columns, -values, rows))
    begins = np.searchsorted(rows, np.arange(len(scores)))  # rows come in order
    places = kept[begins[:, None] + np.arange(k)]
    return columns[places].astype(np.int32), values[places].astype(np.float32)


def batches_to_score(
    inputs: Inputs, device: torch.device, *, n_labels: int = 0, tokens_at_once: int | None = None
) -> list[np.ndarray]:
    """Documents in order of falling length, cut where padded tokens or scores would be too many.

    Args:
        inputs: of n documents.
        device: that scores them.
        n_labels: labels that are scored at once for every document; 0 for shortlists.
        tokens_at_once: as for :func:`best_labels`.

    Returns:
        Numbers of documents int64 ``[B]`` of each batch.
    """
    tokens = tokens_at_once or _TOKENS_AT_ONCE[device.type == "cuda"]
    most = max(1, _CELLS_AT_ONCE // n_labels) if n_labels else max(1, len(inputs))
    lengths = inputs.lengths
    order = np.argsort(-lengths, kind="stable")
    batches, at = [], 0
    while at < len(order):
        size = min(max(1, tokens // max(int(lengths[order[at]]), 1)), most)
        batches.append(order[at : at + size])
        at += size
    return batches
