"""States of frozen layers, computed once for all documents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from manylabel.core.capacity import available_memory, format_bytes
from manylabel.core.errors import CapacityError, InputError
from manylabel.core.progress import Progress
from manylabel.nn.inputs import Batch, Inputs

_TOKENS_AT_ONCE = 8192


def keep_states(inputs: Inputs, states_of: Callable[[Batch], Tensor], progress: Progress) -> Inputs:
    """The states of all tokens as inputs of their own, float16.

    Args:
        inputs: token numbers.
        states_of: makes the states ``[B, T, d]`` of a batch.
        progress: counts documents.

    Raises:
        InputError: a state is too large for 16 bits.
        CapacityError: they do not fit into memory.
    """
    kept: np.ndarray | None = None
    # Texts of like length together, the longest first: little padding, and too little memory shows at once.
    order = np.argsort(-inputs.lengths, kind="stable")
    with torch.no_grad(), progress.task("states of the frozen layers", len(inputs)) as advance:
        done = 0
        while done < len(order):
            longest = int(inputs.lengths[order[done]])
            rows = order[done : done + max(1, _TOKENS_AT_ONCE // longest)]
            batch = inputs.batch(rows)
            states = states_of(batch)
            if kept is None:
                kept = _room(len(inputs.values), states.shape[-1])
            halves = states.to(torch.float16).cpu().numpy()
            if not np.isfinite(halves[batch.mask.numpy()]).all():
                raise InputError("cache_states: a state is too large for 16-bit floats", remedy="cache_states: false")
            for row, states_of_row in zip(rows.tolist(), halves, strict=True):
                begin, stop = inputs.offsets[row : row + 2].tolist()
                kept[begin:stop] = states_of_row[: stop - begin]
            done += len(rows)
            advance(len(rows))
    return Inputs(np.zeros((0, 1), np.float16) if kept is None else kept, inputs.offsets)


def _room(tokens: int, width: int) -> np.ndarray:
    needed, free = tokens * width * 2, available_memory()
    if needed > free:
        raise CapacityError(
            f"cache_states: the states of {tokens:,} tokens take {format_bytes(needed)}, "
            f"{format_bytes(free)} are free; lower max_length, or set cache_states: false"
        )
    return np.empty((tokens, width), np.float16)
