"""Lengths that sparse attention needs, so that it stays what the configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class AttentionSpan:
    """How documents of a model must be padded.

    Attributes:
        multiple: their padded length is a multiple of this,
        at_least: and no shorter.
        by_length: each document must be padded by its own length alone: the padded end decides who attends to whom.
        first_is_global: the first token must be told to attend to all.
    """

    multiple: int = 1
    at_least: int = 1
    by_length: bool = False
    first_is_global: bool = False

    @classmethod
    def of(cls, model: Any) -> AttentionSpan:
        """That of a Hugging Face model.

        BigBird's block-sparse attention takes more than ``(5 + 2 r) b`` tokens for r random blocks of b; on shorter
        input the library changes the model to full attention for good. Its last block, wherever padding puts it, is
        attended by all. Longformer's windows tile the input; without a global first token no state sees it all.
        """
        config = model.config
        if getattr(config, "attention_type", None) == "block_sparse":
            block = config.block_size
            return cls(block, (6 + 2 * config.num_random_blocks) * block, by_length=True)
        window = getattr(config, "attention_window", None)
        if window is not None:
            widest = window if isinstance(window, int) else max(window)
            takes_global = "global_attention_mask" in signature(model.forward).parameters
            return cls(widest, widest, first_is_global=takes_global)
        return cls()

    def arguments(self, mask: Tensor) -> dict[str, Tensor]:
        """What the model's forward gets besides tokens.

        Args:
            mask: bool ``[B, T]``, T padded.
        """
        arguments = {"attention_mask": mask.long()}
        if self.first_is_global:
            arguments["global_attention_mask"] = torch.zeros_like(arguments["attention_mask"])
            arguments["global_attention_mask"][:, 0] = 1
        return arguments

    def width(self, length: int) -> int:
        """The padded length of so many tokens."""
        return max(self.at_least, -(-length // self.multiple) * self.multiple)

    def positions(self, positions: int) -> int:
        """Tokens that a document may have where padding needs positions too; 0 if there are too few."""
        usable = positions // self.multiple * self.multiple
        return usable if usable >= self.at_least else 0
