"""One forward of a Hugging Face model: padded as it needs, from tokens or from states of a lower layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from manylabel.nn.encoders.attention_span import AttentionSpan
from manylabel.nn.encoders.input_convolution import InputConvolution
from manylabel.nn.encoders.layer_stack import LayerStack
from manylabel.nn.inputs import Batch

Found = tuple[Tensor, Tensor | None]
"""States ``[B, T, d]``, and where asked for the first token's of the last layers, ``[B, k d]``."""


@dataclass(frozen=True)
class ModelRun:
    """How a model is run.

    Attributes:
        span: what its attention needs.
        padding: the token of padding.
        last_layers: k, layers whose states of the first token are given too; 0 for none.
        frozen_layers: layers below the states that may be given instead of tokens.
        stack: its layers; None where they are not known.
    """

    span: AttentionSpan
    padding: int
    last_layers: int = 0
    frozen_layers: int = 0
    stack: LayerStack | None = None

    def states(self, model: Any, batch: Batch, convolution: InputConvolution | None = None) -> Found:
        """States of the last layer.

        Args:
            model: it.
            batch: tokens, or states after the frozen layers.
            convolution: what the vectors of tokens go through before.
        """

        def run(values: Tensor, mask: Tensor) -> Found:
            arguments: dict[str, Any] = self.span.arguments(mask)
            if values.is_floating_point():
                assert self.stack is not None
                if self.frozen_layers == self.stack.size:
                    return values, None
                # Any tokens do: what is made of them below is put aside.
                arguments["input_ids"] = torch.full_like(mask, self.padding, dtype=torch.int64)
                return self._forward(self.stack.upper(model, self.frozen_layers, values), arguments)
            if convolution is None:
                return self._forward(model, {**arguments, "input_ids": values})
            vectors = convolution(model.get_input_embeddings()(values), mask)
            return self._forward(model, {**arguments, "inputs_embeds": vectors})

        return self._padded(batch, run)

    def states_below(self, model: Any, batch: Batch) -> Tensor:
        """States after the frozen layers, floats ``[B, T, d]``."""

        def run(values: Tensor, mask: Tensor) -> Found:
            assert self.stack is not None
            arguments = {**self.span.arguments(mask), "input_ids": values}
            return self.stack.states_after(model, self.frozen_layers, **arguments), None

        return self._padded(batch, run)[0]

    def _forward(self, model: Any, arguments: dict[str, Any]) -> Found:
        if not self.last_layers:
            return model(**arguments).last_hidden_state, None
        given = model(**arguments, output_hidden_states=True)
        return given.last_hidden_state, torch.cat(
            [one[:, 0] for one in given.hidden_states[-self.last_layers :]], dim=1
        )

    def _padded(self, batch: Batch, run: Callable[[Tensor, Tensor], Found]) -> Found:
        """Run on documents padded as they must be, and give the states their former length."""
        length = batch.mask.shape[1]

        def of_width(values: Tensor, mask: Tensor, width: int) -> Found:
            tokens, firsts = run(*self._of_width(values, mask, width))
            return functional.pad(tokens, (0, 0, 0, length - tokens.shape[1])), firsts

        if not self.span.by_length:
            return of_width(batch.values, batch.mask, self.span.width(length))
        widths = torch.tensor([self.span.width(one) for one in batch.mask.sum(dim=1).tolist()])
        groups = [(widths == width).nonzero()[:, 0].to(batch.mask.device) for width in widths.unique()]
        parts = [
            of_width(batch.values[rows], batch.mask[rows], int(width))
            for rows, width in zip(groups, widths.unique(), strict=True)
        ]
        back = torch.cat(groups).argsort()
        firsts = [one for _, one in parts if one is not None]
        return torch.cat([tokens for tokens, _ in parts])[back], torch.cat(firsts)[back] if firsts else None

    def _of_width(self, values: Tensor, mask: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Values and mask of another length, the padding's token in all of the padding."""
        missing = width - mask.shape[1]
        padded = functional.pad(mask, (0, missing))
        if values.is_floating_point():
            return functional.pad(values * mask[:, :, None], (0, 0, 0, missing)), padded
        return functional.pad(values.masked_fill(~mask, self.padding), (0, missing), value=self.padding), padded
