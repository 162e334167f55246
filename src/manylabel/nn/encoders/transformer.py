"""Any Hugging Face encoder, trained whole or from a layer upwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.encoders.attention_span import AttentionSpan
from manylabel.nn.encoders.input_convolution import InputConvolution
from manylabel.nn.encoders.kept_states import keep_states
from manylabel.nn.encoders.layer_stack import LayerStack, examine, same_states
from manylabel.nn.encoders.pooling import AttentionPooling, pool_simply
from manylabel.nn.encoders.random_model import make_configuration, make_model, set_dropout
from manylabel.nn.encoders.subword import train_tokenizer
from manylabel.nn.encoders.token_encoder import TokenEncoder
from manylabel.nn.encoders.tokenizing import frame_of, only_token, padding_of, tokenize
from manylabel.nn.encoders.transformer_config import TransformerConfig
from manylabel.nn.hugging_face import (
    NO_LIMIT,
    libraries,
    locate,
    open_configuration,
    open_model,
    open_tokenizer,
    saved,
    write_saved,
)
from manylabel.nn.inputs import Batch, Inputs, States

_VOCABULARY_SIZE = 16_000
_LENGTH = 512
_LAST_LAYERS = 5


class Transformer(TokenEncoder):
    """States of the last layer of a Hugging Face model, from its weights or from random ones.

    The model is used through its public forward, whichever it is; its pooler, if any, is dropped. Sparse attention
    stays what the configuration says: batches are padded inside to what it needs (see
    :class:`manylabel.nn.encoders.attention_span.AttentionSpan`). With `cache_states` the inputs are the states after
    the frozen layers in float16, and :meth:`forward` runs the layers above alone. Where pooled vectors are made of
    several layers (LightXML, Jiang et al. 2021, section 3.2) `forward` makes them too.
    """

    model: Any

    def __init__(self, section: TransformerConfig) -> None:
        super().__init__()
        self._options = section
        self._tokenizer: Any = None
        self._stack: LayerStack | None = None

    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Open the model, or make one with random weights; see :meth:`Encoder.fit`."""
        libraries("the encoder transformer")
        options = self._options
        named = options.tokenizer or options.model
        if named is None:
            self._tokenizer = train_tokenizer(texts, options.vocabulary_size or _VOCABULARY_SIZE)
        else:
            self._tokenizer = open_tokenizer(locate(named))
        if options.model is None:
            assert options.configuration is not None
            self._configuration = make_configuration(options.configuration, self._tokenizer)
            self._finish(self._random(), progress)
        else:
            source = locate(options.model)
            self._configuration = open_configuration(source)
            self._finish(open_model(source, config=self._adapted(), **self._how()), progress)
        return self

    def tokens(self, texts: Sequence[str], *, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """The subwords of whole texts; see :meth:`TokenEncoder.tokens`."""
        return tokenize(self._tokenizer, texts, progress)

    def prepare(self, inputs: Inputs, *, progress: Progress = SILENT) -> Inputs:
        """States after the frozen layers, float16, where they are kept; see :meth:`TokenEncoder.prepare`."""
        return keep_states(inputs, self._states_below, progress) if self._options.cache_states else inputs

    def forward(self, batch: Batch) -> States:
        """States of the last layer; see :meth:`Encoder.forward`."""
        widths = self._span.widths(batch.mask)
        groups = [widths == width for width in widths.unique().tolist()] if self._span.by_length else [None]
        if len(groups) == 1:
            tokens, pooled = self._run(batch.values, batch.mask, int(widths[0]))
            return States(tokens * batch.mask[:, :, None], batch.mask, pooled)
        parts = [self._run(batch.values[rows], batch.mask[rows], int(widths[rows][0])) for rows in groups]
        back = torch.cat([rows.nonzero()[:, 0] for rows in groups]).argsort()
        tokens = torch.cat([tokens for tokens, _ in parts])[back]
        pooled = torch.cat([one for _, one in parts if one is not None])[back] if parts[0][1] is not None else None
        return States(tokens * batch.mask[:, :, None], batch.mask, pooled)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`; of the last layers only for what :meth:`forward` gave."""
        if self.attention is not None:
            return self.attention(states)
        if self._options.pooling == "last-layers":
            assert states.pooled is not None
            return states.pooled
        return pool_simply(states, self._options.pooling)

    def layers(self) -> list[nn.Module]:
        """Embeddings, each layer, what lies above; see :meth:`Encoder.layers`."""
        parts: list[nn.Module | None] = [self.model]
        if self._stack is not None:
            below, above = self._stack.around(self.model)
            parts = [below, self.convolution, *self._stack.layers(self.model), above if len(above) else None]
        elif self.convolution is not None:
            parts.insert(0, self.convolution)
        return [part for part in [*parts, self.attention] if part is not None]

    def train(self, mode: bool = True) -> Self:
        """Switch to training or evaluation; frozen layers stay in evaluation."""
        super().train(mode)
        for module in self._frozen():
            module.training = False
        return self

    def write(self, writer: RunWriter) -> None:
        """Write configuration and tokenizer; see :meth:`Encoder.write`."""
        write_saved(writer, self._configuration, self._tokenizer)

    def restore(self, run: RunDirectory) -> None:
        """Read configuration and tokenizer; see :meth:`Encoder.restore`."""
        libraries("the encoder transformer")
        with saved(run) as folder:
            self._tokenizer = open_tokenizer(folder)
            self._configuration = open_configuration(folder)
            self._finish(self._random(), SILENT)

    def _random(self) -> Any:
        return make_model(self._adapted(), **self._how())

    def _adapted(self) -> Any:
        if self._options.dropout is not None:
            set_dropout(self._configuration, self._options.dropout)
        return self._configuration

    def _how(self) -> dict[str, Any]:
        attention = self._options.attn_implementation
        return {} if attention is None else {"attn_implementation": attention}

    def _finish(self, model: Any, progress: Progress) -> None:
        """Take the model as made, and make what stands around it."""
        options = self._options
        if model.config.is_encoder_decoder:
            model = model.get_encoder()
        if getattr(model, "pooler", None) is not None:
            model.pooler = None
        self.model = model
        self.empty, self.frame = only_token(self._tokenizer), frame_of(self._tokenizer)
        self._padding = padding_of(self._tokenizer)
        self._span = AttentionSpan.of(model)
        self._set_length(progress)
        self.convolution = None
        if options.input_convolution is not None:
            width = model.get_input_embeddings().embedding_dim
            self.convolution = InputConvolution(width, options.input_convolution)
        self.width = self.pooled_width = int(model.config.hidden_size)
        self.attention = AttentionPooling(self.width) if options.pooling == "attention" else None
        self._look_inside()
        if options.pooling == "last-layers":
            self.pooled_width = self.width * self._last_layers()
        if options.gradient_checkpointing:
            self._checkpoint_gradients()
        for module in self._frozen():
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        self.train(self.training)

    def _set_length(self, progress: Progress) -> None:
        usable = self._span.positions(_positions(self.model, self._tokenizer))
        wanted = self._options.max_length
        if usable == 0:
            raise InputError(
                f"{self._name} needs {self._span.at_least} positions for its sparse attention",
                remedy="more max_position_embeddings, or attention_type: original_full",
            )
        self.longest = min(wanted or _LENGTH, usable)
        if wanted is not None and wanted > usable:
            progress.note(f"max_length is {usable:,}, not {wanted:,}: {self._name} has no more positions")
        if self.longest <= sum(map(len, self.frame)):
            raise InputError(f"max_length {self.longest} leaves no room between special tokens")

    def _look_inside(self) -> None:
        """Find the layers, and prove that they can be run apart where that is asked for."""
        n, size = self._options.frozen_layers, int(getattr(self.model.config, "num_hidden_layers", 0))
        tokens = [*self.frame[0], self.empty, *self.frame[1]][: self.longest]
        values, mask = torch.tensor([tokens, tokens]), torch.ones(2, len(tokens), dtype=torch.bool)
        mask[1, 1:] = len(tokens) == 1
        width = int(self._span.widths(mask).max())
        mode = self.training
        self.eval()
        with torch.no_grad():
            self._stack = examine(self.model, size, lambda: self._run(values, mask, width))
            if n and self._stack is None:
                raise InputError(f"frozen_layers: {self._name} has no plain stack of layers")
            if n > size:
                raise InputError(f"frozen_layers: {self._name} has {size} layers, not {n}")
            if self._options.cache_states:
                self._prove_that_states_can_be_kept(values, mask, width)
        self.train(mode)

    def _prove_that_states_can_be_kept(self, values: Tensor, mask: Tensor, width: int) -> None:
        plain, _ = self._run(values, mask, width)
        try:
            kept, _ = self._run(self._states_below(Batch(values, mask)), mask, width)
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError):
            kept = plain[:0]
        if not same_states(plain, kept, mask):
            raise InputError(f"cache_states: the layers of {self._name} cannot be run apart", remedy="leave it out")

    def _last_layers(self) -> int:
        wanted = self._options.last_layers or _LAST_LAYERS
        kept = self._options.frozen_layers if self._options.cache_states else 0
        available = int(self.model.config.num_hidden_layers) - kept
        if wanted > available:
            raise InputError(f"last_layers: {wanted} of {available} layers of {self._name} that are run")
        return wanted

    def _checkpoint_gradients(self) -> None:
        try:
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        except ValueError as error:
            raise InputError(f"gradient_checkpointing: {error}") from None

    def _frozen(self) -> list[nn.Module]:
        n = self._options.frozen_layers
        return self._stack.frozen(self.model, n) if n and self._stack is not None else []

    @property
    def _name(self) -> str:
        return self._options.model or str(self.model.config.model_type)

    def _states_below(self, batch: Batch) -> Tensor:
        """States after the frozen layers, floats ``[B, T, d]``."""
        assert self._stack is not None
        batch = batch.to(next(self.model.parameters()).device)
        found = torch.empty(0)
        widths = self._span.widths(batch.mask)
        for width in widths.unique().tolist():
            rows = widths == width
            values, mask = self._padded(batch.values[rows], batch.mask[rows], int(width))
            arguments = {"input_ids": values, **self._span.arguments(mask)}
            states = self._stack.states_after(self.model, self._options.frozen_layers, **arguments)
            if not len(found):
                found = states.new_zeros(*batch.mask.shape, states.shape[-1])
            found[rows] = _of_length(states, found.shape[1])
        return found

    def _run(self, values: Tensor, mask: Tensor, width: int) -> tuple[Tensor, Tensor | None]:
        """States of the last layer, ``[B, T, d]``, and where asked for the first ones of several layers.

        Args:
            values: tokens, or states after the frozen layers.
            mask: bool ``[B, T]``.
            width: what the model must be given, T or longer.
        """
        length = mask.shape[1]
        values, padded = self._padded(values, mask, width)
        arguments: dict[str, Any] = self._span.arguments(padded)
        model: Any = self.model
        if values.is_floating_point():
            assert self._stack is not None
            if self._options.frozen_layers == self._stack.size:
                return _of_length(values, length), None
            model = self._stack.upper(model, self._options.frozen_layers, values)
            arguments["input_ids"] = torch.full_like(padded, self.empty, dtype=torch.int64)
        elif self.convolution is not None:
            arguments["inputs_embeds"] = self.convolution(model.get_input_embeddings()(values), padded)
        else:
            arguments["input_ids"] = values
        if self._options.pooling != "last-layers":
            return _of_length(model(**arguments).last_hidden_state, length), None
        given = model(**arguments, output_hidden_states=True)
        firsts = [states[:, 0] for states in given.hidden_states[-(self._options.last_layers or _LAST_LAYERS) :]]
        return _of_length(given.last_hidden_state, length), torch.cat(firsts, dim=1)

    def _padded(self, values: Tensor, mask: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Values and mask of another length, the padding's token in all of the padding."""
        missing = width - mask.shape[1]
        padded = functional.pad(mask, (0, missing))
        if values.is_floating_point():
            return functional.pad(values * mask[:, :, None], (0, 0, 0, missing)), padded
        return functional.pad(values.masked_fill(~mask, self._padding), (0, missing), value=self._padding), padded


def _of_length(states: Tensor, length: int) -> Tensor:
    return functional.pad(states, (0, 0, 0, length - states.shape[1]))


def _positions(model: Any, tokenizer: Any) -> int:
    """Tokens that a model can take at most."""
    tables = [
        module
        for name, module in model.named_modules()
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding)
    ]
    if tables:
        # Some models number positions from behind the padding token's number.
        unused = 0 if tables[0].padding_idx is None else tables[0].padding_idx + 1
        of_model = tables[0].num_embeddings - unused
    else:
        of_model = getattr(model.config, "max_position_embeddings", None) or NO_LIMIT
    return int(min(of_model, tokenizer.model_max_length))
