"""States of frozen layers kept on disk, so that arms which share an encoder make them once.

A training keeps such states in memory and makes them anew in every run. In a table of many arms over the same frozen
layers and texts that would be most of the time, and no part of what is compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from torch import Tensor

from manylabel.core.progress import Progress
from manylabel.nn.encoders import kept_states, transformer
from manylabel.nn.inputs import Batch, Inputs


@contextmanager
def shared_states(folder: Path, encoder: Path, layers: int) -> Iterator[None]:
    """Within it, states are kept in a folder, by the tokens they are of.

    Args:
        folder: of all encoders.
        encoder: folder of the one that makes them.
        layers: its frozen layers.
    """
    own = hashlib.sha256(str(layers).encode())
    for file in sorted(encoder.rglob("*.safetensors")):
        own.update(file.read_bytes())
    folder = folder / own.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    make = kept_states.keep_states

    def keep(inputs: Inputs, states_of: Callable[[Batch], Tensor], progress: Progress) -> Inputs:
        digest = hashlib.sha256(np.ascontiguousarray(inputs.values).tobytes() + inputs.offsets.tobytes()).hexdigest()
        file = folder / f"{digest[:16]}.npy"
        if not file.exists():
            np.save(file, make(inputs, states_of, progress).values)
        return Inputs(np.load(file), inputs.offsets)

    transformer.keep_states = keep
    try:
        yield
    finally:
        transformer.keep_states = make
