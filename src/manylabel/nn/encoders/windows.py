"""Long documents as overlapping windows, each read by an encoder of its own kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.encoders.pooling import AttentionPooling
from manylabel.nn.encoders.ragged import note_cut, take_pieces
from manylabel.nn.encoders.token_encoder import TokenEncoder
from manylabel.nn.encoders.windows_config import WindowsConfig
from manylabel.nn.inputs import Batch, Inputs, States


class Windows(Encoder):
    """A hierarchical encoder (Pappagari et al. 2019): windows through any encoder, then attention over windows.

    A document's input is its windows one behind the other, each with the encoder's special tokens around it; all but
    the last one are full. The encoder pools each window as its own section says. States are these vectors, after
    `attention_layers` of a transformer with learned positions, or those of all tokens, where tokens of two windows
    stand twice. Pooled: attention over the windows. In training mode only `training_windows` of a document are read,
    drawn from torch's generator.
    """

    def __init__(self, section: WindowsConfig) -> None:
        super().__init__()
        self._options = section
        self.encoder: TokenEncoder = ENCODERS.load(section.encoder.kind)(section.encoder)  # type: ignore[attr-defined]
        self.multiple = section.window

    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Fit the encoder of windows; see :meth:`Encoder.fit`."""
        self.encoder.fit(texts, progress=progress)
        self._finish()
        return self

    def inputs(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Inputs:
        """The windows of each text; see :meth:`Encoder.inputs`."""
        values, lengths = self.encoder.tokens(texts, progress=progress)
        most = (self._options.max_windows - 1) * self._stride + self._content
        note_cut(lengths, most, progress)
        firsts = np.cumsum(lengths) - lengths
        lengths = np.minimum(lengths, most)
        counts = 1 + -(-np.maximum(lengths - self._content, 0) // self._stride)
        stops = np.cumsum(counts)
        shifts = (np.arange(int(counts.sum())) - np.repeat(stops - counts, counts)) * self._stride
        pieces = take_pieces(
            values,
            np.repeat(firsts, counts) + shifts,
            np.minimum(np.repeat(lengths, counts) - shifts, self._content),
            frame=self.encoder.frame,
            empty=self.encoder.empty,
        )
        pieces = self.encoder.prepare(pieces, progress=progress)
        return Inputs(pieces.values, pieces.offsets[np.concatenate([[0], stops])])

    def forward(self, batch: Batch) -> States:
        """States of windows or of tokens; see :meth:`Encoder.forward`."""
        n, length = batch.mask.shape
        values, mask = self._in_windows(batch)
        chosen = self._chosen(mask.any(dim=2))
        longest = int(mask[chosen].sum(dim=1).max())
        found = self.encoder(Batch(values[chosen][:, :longest], mask[chosen][:, :longest]))
        pooled = self.encoder.pool(found)
        vectors = pooled.new_zeros(*chosen.shape, pooled.shape[-1]).masked_scatter(chosen[:, :, None], pooled)
        if self._options.states == "windows":
            return States(self._related(vectors, chosen), chosen)
        tokens = functional.pad(found.tokens, (0, 0, 0, self.multiple - longest))
        states = tokens.new_zeros(*mask.shape, self.width).masked_scatter(chosen[:, :, None, None], tokens)
        read = (mask & chosen[:, :, None]).reshape(n, -1)[:, :length]
        of_document = self.attention(States(vectors, chosen))
        return States(states.reshape(n, -1, self.width)[:, :length], read, of_document)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`; with states of tokens only for what :meth:`forward` gave."""
        if self._options.states == "windows":
            return self.attention(states)
        assert states.pooled is not None
        return states.pooled

    @property
    def pretrained(self) -> bool:
        """That of the encoder of windows; see :attr:`Encoder.pretrained`."""
        return self.encoder.pretrained

    def reader(self) -> Encoder:
        """The encoder of windows; see :meth:`Encoder.reader`."""
        return self.encoder

    def layers(self) -> list[nn.Module]:
        """The layers of the encoder, then what is above; see :meth:`Encoder.layers`."""
        above = [] if self.positions is None else [self.positions, *self.between]
        return [*self.encoder.layers(), *above, self.attention]

    def write(self, writer: RunWriter) -> None:
        """Write the encoder of windows; see :meth:`Encoder.write`."""
        self.encoder.write(writer.within("window"))

    def restore(self, run: RunDirectory) -> None:
        """Read the encoder of windows; see :meth:`Encoder.restore`."""
        self.encoder.restore(run.within("window"))
        self._finish()

    def _finish(self) -> None:
        options = self._options
        if options.window > self.encoder.longest:
            raise InputError(f"window: {options.window} tokens, but the encoder reads {self.encoder.longest} at most")
        self._content = options.window - sum(map(len, self.encoder.frame))
        if self._content < 1:
            raise InputError(f"window: {options.window} tokens leave no room between special ones")
        self._stride = options.stride or max(1, self._content * 3 // 4)
        if self._stride > self._content:
            raise InputError(f"stride: {self._stride} tokens, but a window has room for {self._content}")
        width = self.encoder.pooled_width
        self.positions = nn.Embedding(options.max_windows, width) if options.attention_layers else None
        self.between = nn.ModuleList([_layer(width) for _ in range(options.attention_layers)])
        self.attention = AttentionPooling(width)
        self.pooled_width = width
        self.width = width if options.states == "windows" else self.encoder.width
        if self.positions is not None:
            nn.init.normal_(self.positions.weight, std=0.02)

    def _in_windows(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Values ``[B, W, F]`` or ``[B, W, F, d]`` and their mask ``[B, W, F]``."""
        n, length = batch.mask.shape
        missing = -length % self.multiple
        around = (0, 0, 0, missing) if batch.values.is_floating_point() else (0, missing)
        values = functional.pad(batch.values, around)
        mask = functional.pad(batch.mask, (0, missing))
        return values.reshape(n, -1, self.multiple, *values.shape[2:]), mask.reshape(n, -1, self.multiple)

    def _chosen(self, there: Tensor) -> Tensor:
        """The windows that are read, bool ``[B, W]``."""
        most = self._options.training_windows
        if not self.training or most is None or most >= there.shape[1]:
            return there
        # The best of random numbers: as many windows as there are, or `most`, each as likely as the others.
        order = torch.rand(there.shape, device=there.device).masked_fill(~there, -1).argsort(dim=1, descending=True)
        drawn = torch.zeros_like(there).scatter(1, order[:, :most], True)
        return there & drawn

    def _related(self, vectors: Tensor, there: Tensor) -> Tensor:
        """Vectors of windows that have seen each other; zero where there is none."""
        if self.positions is None:
            return vectors
        vectors = vectors + self.positions.weight[: vectors.shape[1]]
        for layer in self.between:
            vectors = layer(vectors, src_key_padding_mask=~there)
        return vectors * there[:, :, None]


def _layer(width: int) -> nn.Module:
    heads = next(number for number in (8, 4, 2, 1) if width % number == 0)
    return nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True, norm_first=True, activation="gelu")
