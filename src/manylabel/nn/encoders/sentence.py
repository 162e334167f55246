"""Vectors of whole documents from a pretrained encoder that is not trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from torch import Tensor, nn

from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.encoders.sentence_config import SentenceConfig
from manylabel.nn.frozen import FROZEN_ENCODERS
from manylabel.nn.frozen.base import FrozenEncoder
from manylabel.nn.inputs import Batch, Inputs, States


class Sentence(Encoder):
    """One vector for each document, of unit length, computed once; only the head is trained.

    The run keeps the pretrained encoder whole, its weights included: it has no parameters of the network.
    """

    def __init__(self, section: SentenceConfig) -> None:
        super().__init__()
        self._section = section
        self._frozen: FrozenEncoder = FROZEN_ENCODERS.load(section.encoder.kind)(section.encoder)  # type: ignore[attr-defined]

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """A copy that shares the pretrained encoder, which nothing changes."""
        copied = type(self)(self._section)
        copied._frozen = self._frozen
        copied._measure()
        return copied.train(self.training)

    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Open the pretrained encoder; see :meth:`Encoder.fit`."""
        del progress
        self._frozen.fit(texts)
        self._measure()
        return self

    def inputs(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Inputs:
        """The vectors of the texts, float32; see :meth:`Encoder.inputs`. What the encoder cuts it cuts unsaid."""
        with progress.task("vectors of documents", len(texts)) as advance:
            vectors = self._frozen.encode(texts, advance)
        return Inputs(vectors, np.arange(len(texts) + 1))

    def forward(self, batch: Batch) -> States:
        """The vectors themselves; see :meth:`Encoder.forward`."""
        return States(batch.values * batch.mask[:, :, None], batch.mask)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`."""
        return states.tokens[:, 0]

    def layers(self) -> list[nn.Module]:
        """None; see :meth:`Encoder.layers`."""
        return []

    def write(self, writer: RunWriter) -> None:
        """Write the pretrained encoder; see :meth:`Encoder.write`."""
        self._frozen.write(writer.within("frozen"))

    def restore(self, run: RunDirectory) -> None:
        """Read the pretrained encoder; see :meth:`Encoder.restore`."""
        self._frozen.restore(run.within("frozen"))
        self._measure()

    def _measure(self) -> None:
        self.width = self.pooled_width = self._frozen.width
