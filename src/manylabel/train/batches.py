"""The order of training: documents to batches, batches to steps, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np

_BATCHES_SORTED_TOGETHER = 50


def generator(seed: int, *position: int) -> np.random.Generator:
    """Random numbers that depend on the seed and a place in the training alone, not on what came before."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=position))


def batches_of(
    rows: np.ndarray, lengths: np.ndarray, size: int, random: np.random.Generator, *, by_length: bool
) -> list[np.ndarray]:
    """Cut an epoch into batches.

    With `by_length`, fifty batches at a time are sorted by length, cut, and the batches shuffled: little padding, and
    documents still meet others from one epoch to the next.

    Args:
        rows: the documents in order, int64.
        lengths: tokens of every document there is.
        size: documents of a batch; the last one may have fewer.
        random: of the order of the batches.
        by_length: documents of like length together.
    """
    if by_length:
        pieces = [
            rows[at : at + size * _BATCHES_SORTED_TOGETHER]
            for at in range(0, len(rows), size * _BATCHES_SORTED_TOGETHER)
        ]
        rows = np.concatenate([piece[np.argsort(-lengths[piece], kind="stable")] for piece in pieces] or [rows])
    batches = [rows[at : at + size] for at in range(0, len(rows), size)]
    if by_length:
        batches = [batches[number] for number in random.permutation(len(batches))]
    return batches


def steps_of(batches: list[np.ndarray], per_step: int) -> list[list[np.ndarray]]:
    """Batches whose gradients move the weights together; the last step may have fewer."""
    return [batches[at : at + per_step] for at in range(0, len(batches), per_step)]
