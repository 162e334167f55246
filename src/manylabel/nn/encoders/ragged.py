"""Rows of token numbers, cut to a length or into windows, with special tokens around each piece."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.core.progress import Progress
from manylabel.nn.inputs import Inputs


def take_pieces(
    values: np.ndarray,
    begins: np.ndarray,
    lengths: np.ndarray,
    *,
    frame: tuple[Sequence[int], Sequence[int]] = ((), ()),
    empty: int,
) -> Inputs:
    """Pieces of a row of tokens as rows of their own.

    Args:
        values: int32 ``[tokens]``.
        begins: int64 ``[n]``, where each piece begins.
        lengths: int64 ``[n]``, its tokens; may be 0.
        frame: the special tokens before and behind each piece.
        empty: the only token of a piece that would have none.
    """
    before, behind = (np.asarray(tokens, np.int32) for tokens in frame)
    framed = lengths + (len(before) + len(behind))
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.maximum(framed, 1), out=offsets[1:])
    pieces = np.full(int(offsets[-1]), empty, np.int32)
    firsts = np.cumsum(lengths) - lengths
    within = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
    pieces[np.repeat(offsets[:-1] + len(before), lengths) + within] = values[np.repeat(begins, lengths) + within]
    for place, token in enumerate(before):
        pieces[offsets[:-1] + place] = token
    for place, token in enumerate(behind):
        pieces[offsets[1:] - len(behind) + place] = token
    return Inputs(pieces, offsets)


def note_cut(lengths: np.ndarray, most: int, progress: Progress) -> None:
    """Say how many documents are longer than what is read of them, if any.

    Args:
        lengths: int64 ``[n]``, tokens of each.
        most: tokens that are read.
        progress: where it is said.
    """
    cut = int((lengths > most).sum())
    if cut:
        progress.note(f"{cut / len(lengths):.1%} of {len(lengths):,} documents are cut to their first {most:,} tokens")
