"""Any Hugging Face model as an encoder, its weights as they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from manylabel.core.progress import Advance
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.frozen.base import FrozenEncoder, ignore, unit_length
from manylabel.nn.frozen.transformer_config import FrozenTransformerConfig
from manylabel.nn.hugging_face import (
    NO_LIMIT,
    libraries,
    locate,
    open_model,
    open_tokenizer,
    readable,
    saved,
    write_saved,
)


class FrozenTransformer(FrozenEncoder):
    """States of the last layer, pooled over the tokens of a text.

    Special tokens count as the tokenizer sets them. The run gets weights, configuration and tokenizer as the library
    saves them; weights that came as a pickle are converted to safetensors. Code that comes with a model is never run.
    """

    def __init__(self, config: FrozenTransformerConfig) -> None:
        self.config = config
        self._model: Any = None
        self._tokenizer: Any = None
        self._one_at_a_time = threading.Lock()

    @property
    def width(self) -> int:
        """Hidden size; see :attr:`FrozenEncoder.width`."""
        return int(self._model.config.hidden_size)

    def fit(self, texts: Sequence[str]) -> Self:
        """Open the model; see :meth:`FrozenEncoder.fit`."""
        self._open(locate(self.config.model))
        return self

    def encode(self, texts: Sequence[str], advance: Advance = ignore) -> np.ndarray:
        """The pooled states; see :meth:`FrozenEncoder.encode`."""
        import torch

        vectors = np.zeros((len(texts), self.width), np.float32)
        if len(texts) == 0:
            return vectors
        longest = min(self.config.max_length, self._positions())
        given = [readable(text) for text in texts]
        with self._one_at_a_time:  # the tokenizer keeps its truncation between calls
            tokens = self._tokenizer(given, truncation=True, max_length=longest, padding=False)["input_ids"]
        lengths = np.array([len(one) for one in tokens])
        # Texts of like length together, the longest first: little padding, and too little memory shows at once.
        order = np.argsort(-lengths, kind="stable")
        with torch.inference_mode():
            for start in range(0, len(order), self.config.batch_size):
                rows = order[start : start + self.config.batch_size]
                if lengths[rows[0]] > 0:
                    vectors[rows] = self._pooled([tokens[row] for row in rows])
                advance(len(rows))
        return unit_length(vectors)

    def write(self, writer: RunWriter) -> None:
        """Write model and tokenizer; see :meth:`FrozenEncoder.write`."""
        write_saved(writer, self._model, self._tokenizer)

    def restore(self, run: RunDirectory) -> None:
        """Read model and tokenizer; see :meth:`FrozenEncoder.restore`."""
        with saved(run) as folder:
            self._open(folder)

    def _open(self, source: str | Path) -> None:
        torch, _ = libraries("the encoder transformer")
        self._tokenizer = open_tokenizer(source)
        self._model = open_model(source).eval().to("cuda" if torch.cuda.is_available() else "cpu")

    def _positions(self) -> int:
        """Tokens that the model can take at most."""
        # Where the positions are numbered from behind the padding token's, only the tokenizer knows.
        of_model = getattr(self._model.config, "max_position_embeddings", None) or NO_LIMIT
        return int(min(of_model, self._tokenizer.model_max_length))

    def _pooled(self, tokens: Sequence[Sequence[int]]) -> np.ndarray:
        """Vectors ``[n, d]`` of n lists of tokens, the first of them the longest."""
        import torch

        padding = self._tokenizer.pad_token_id or 0
        ids = np.full((len(tokens), len(tokens[0])), padding, np.int64)
        mask = np.zeros(ids.shape, np.int64)
        for row, one in enumerate(tokens):
            ids[row, : len(one)], mask[row, : len(one)] = one, 1
        device = self._model.device
        attended = torch.from_numpy(mask).to(device)
        model = self._model.get_encoder() if self._model.config.is_encoder_decoder else self._model
        states = model(input_ids=torch.from_numpy(ids).to(device), attention_mask=attended).last_hidden_state
        if self.config.pooling == "first":
            pooled = states[:, 0] * attended[:, :1]
        else:
            pooled = (states * attended[:, :, None]).sum(dim=1) / attended.sum(dim=1, keepdim=True).clamp(min=1)
        return pooled.cpu().numpy()
