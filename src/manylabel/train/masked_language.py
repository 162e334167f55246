"""The task of guessing masked tokens: what an encoder can learn from texts without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from manylabel.nn.encoders.base import Encoder, Masking
from manylabel.nn.inputs import Batch, Inputs
from manylabel.train.batches import generator
from manylabel.train.config import LOSS
from manylabel.train.task import Measured, ParameterGroup, Task

_REPLACED, _RANDOM = 0.8, 0.1  # shares of the tokens to be guessed; the rest stays as it is


@dataclass(frozen=True)
class MaskedBatch:
    """Documents with tokens to guess.

    Attributes:
        inputs: the documents, with some tokens masked.
        places: bool ``[B, T]``, the tokens to guess.
        tokens: int64 ``[B, T]``, what they are.
    """

    inputs: Batch
    places: Tensor
    tokens: Tensor

    def to(self, device: torch.device) -> MaskedBatch:
        """The same on another device."""
        return MaskedBatch(self.inputs.to(device), self.places.to(device), self.tokens.to(device))


class MaskedLanguage(Task):
    """Masks tokens and trains an encoder to guess them (Devlin et al. 2019, section 3.1).

    Of the tokens that are to be guessed 80 % are masked, 10 % are replaced by any other, 10 % stay. The guess is made
    from a token's state through a layer of its own and, where the widths agree, the encoder's own vectors of tokens.

    Args:
        encoder: on its device; its inputs are token numbers.
        masking: what it says of its tokens.
        training: inputs of the texts to learn from.
        validation: of texts that are measured on, or None.
        share: of the tokens that are to be guessed.
        groups: parameters of the encoder; the layer of the guess learns as the last of them does.
        seed: of the masks on the validation part.
    """

    def __init__(
        self,
        encoder: Encoder,
        masking: Masking,
        training: Inputs,
        validation: Inputs | None,
        *,
        share: float,
        groups: Sequence[ParameterGroup],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.encoder, self.masking = encoder, masking
        self.transform = nn.Sequential(nn.Linear(encoder.width, encoder.width), nn.GELU(), nn.LayerNorm(encoder.width))
        tied = _vectors_of_tokens(encoder, masking.size)
        self.guess = nn.Linear(encoder.width, masking.size)
        if tied is not None:
            self.guess.weight = tied
        self._training, self._validation, self._share, self._seed = training, validation, share, seed
        self._groups = groups

    def rows(self, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Task.rows`."""
        return random.permutation(len(self._training))

    def lengths(self) -> np.ndarray:
        """See :meth:`Task.lengths`."""
        return self._training.lengths

    def collate(self, rows: np.ndarray, random: np.random.Generator) -> MaskedBatch:
        """See :meth:`Task.collate`."""
        return self._masked(self._training, rows, random)

    def forward(self, batch: MaskedBatch) -> Tensor:
        """The mean cross-entropy of a document's guesses; 0 for one with nothing to guess."""
        states = self.encoder(batch.inputs).tokens[batch.places]
        losses = functional.cross_entropy(
            self.guess(self.transform(states)), batch.tokens[batch.places], reduction="none"
        )
        documents = batch.places.nonzero()[:, 0]
        sums = losses.new_zeros(len(batch.places)).index_add(0, documents, losses)
        return sums / batch.places.sum(dim=1).clamp(min=1)

    def measure(self) -> Measured:
        """The loss on the validation part, with the same masks every time."""
        if self._validation is None:
            return Measured()
        losses: list[float] = []
        order = np.argsort(-self._validation.lengths, kind="stable")
        for at in range(0, len(order), 32):
            rows = order[at : at + 32]
            batch = self._masked(self._validation, rows, generator(self._seed, at))
            losses.extend(self(batch.to(self.device)).tolist())
        return Measured({}, {LOSS: float(np.mean(losses))}, len(self._validation))

    def groups(self) -> Sequence[ParameterGroup]:
        """See :meth:`Task.groups`."""
        own = nn.ModuleList([self.transform])
        tied = any(self.guess.weight is parameter for parameter in self.encoder.parameters())
        for name, parameter in self.guess.named_parameters():
            if not (tied and name == "weight"):
                own.register_parameter(name, parameter)
        return [*self._groups, ParameterGroup(own, self._groups[-1].learning_rate)]

    def _masked(self, inputs: Inputs, rows: np.ndarray, random: np.random.Generator) -> MaskedBatch:
        batch, masking = inputs.batch(rows, multiple=self.encoder.multiple), self.masking
        tokens, mask = batch.values.numpy(), batch.mask.numpy()
        places = mask & (random.random(tokens.shape) < self._share) & ~np.isin(tokens, masking.special)
        way, others = random.random(tokens.shape), random.integers(0, masking.size, tokens.shape)
        changed = np.where(way < _REPLACED, masking.mask, np.where(way < _REPLACED + _RANDOM, others, tokens))
        shown = torch.from_numpy(np.where(places, changed, tokens))
        return MaskedBatch(Batch(shown, batch.mask), torch.from_numpy(places), batch.values)


def _vectors_of_tokens(encoder: Encoder, size: int) -> nn.Parameter | None:
    """The encoder's vectors of tokens, where the guess can share them."""
    for module in encoder.modules():
        if not isinstance(module, nn.Embedding) or module.sparse:
            continue
        weight = module.weight
        if isinstance(weight, nn.Parameter) and weight.shape == (size, encoder.width) and weight.requires_grad:
            return weight
    return None
