"""Any Hugging Face encoder, trained whole or from a layer upwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.encoders.attention_span import AttentionSpan
from manylabel.nn.encoders.base import Masking
from manylabel.nn.encoders.input_convolution import InputConvolution
from manylabel.nn.encoders.kept_states import keep_states
from manylabel.nn.encoders.layer_stack import LayerStack, examine, same_states
from manylabel.nn.encoders.model_run import ModelRun
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
        tokens, pooled = self._way.states(self.model, batch, self.convolution)
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

    @property
    def pretrained(self) -> bool:
        """See :attr:`Encoder.pretrained`."""
        return self._options.model is not None

    def masking(self) -> Masking | None:
        """None where states of frozen layers are kept, or the tokenizer has no mask; see :meth:`Encoder.masking`."""
        number = self._tokenizer.mask_token_id
        if number is None or self._options.cache_states:
            return None
        return Masking(
            number, int(self.model.get_input_embeddings().num_embeddings), tuple(self._tokenizer.all_special_ids)
        )

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
        known = model.get_input_embeddings().num_embeddings
        if len(self._tokenizer) > known:
            raise InputError(f"the tokenizer has {len(self._tokenizer)} tokens, {model.config.model_type} {known}")
        self.model = model
        self.empty, self.frame = only_token(self._tokenizer), frame_of(self._tokenizer)
        span = AttentionSpan.of(model)
        self._set_length(span, progress)
        last_layers = self._last_layers() if options.pooling == "last-layers" else 0
        self._way = ModelRun(span, padding_of(self._tokenizer), last_layers)
        self.convolution = None
        if options.input_convolution is not None:
            self.convolution = InputConvolution(model.get_input_embeddings().embedding_dim, options.input_convolution)
        self.width = self.pooled_width = int(model.config.hidden_size)
        self.attention = AttentionPooling(self.width) if options.pooling == "attention" else None
        self._look_inside()
        if last_layers:
            self.pooled_width = self.width * last_layers
        if options.gradient_checkpointing:
            self._checkpoint_gradients()
        for module in self._frozen():
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        self.train(self.training)

    def _set_length(self, span: AttentionSpan, progress: Progress) -> None:
        usable = span.positions(_positions(self.model, self._tokenizer))
        wanted = self._options.max_length
        if usable == 0:
            raise InputError(
                f"{self._name} needs {span.at_least} positions for its sparse attention",
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
        tokens = [*self.frame[0], self.empty, *self.frame[1]]
        batch = Inputs.of([tokens, tokens[:1]], self.empty).batch([0, 1])
        mode = self.training
        self.eval()
        with torch.no_grad():
            self._stack = examine(self.model, size, lambda: self._way.states(self.model, batch))
            if n and self._stack is None:
                raise InputError(f"frozen_layers: {self._name} has no plain stack of layers")
            if n > size:
                raise InputError(f"frozen_layers: {self._name} has {size} layers, not {n}")
            self._way = replace(self._way, frozen_layers=n, stack=self._stack)
            if self._options.cache_states:
                self._prove_that_states_can_be_kept(batch)
        self.train(mode)

    def _prove_that_states_can_be_kept(self, batch: Batch) -> None:
        plain, _ = self._way.states(self.model, batch)
        try:
            kept, _ = self._way.states(self.model, Batch(self._states_below(batch), batch.mask))
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError):
            kept = plain[:0]
        if not same_states(plain, kept, batch.mask):
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
            # The name that it has from 5.23 on, and the one before.
            enable = getattr(self.model, "activation_checkpointing_enable", None)
            (enable or self.model.gradient_checkpointing_enable)({"use_reentrant": False})
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
        return self._way.states_below(self.model, batch.to(next(self.model.parameters()).device))


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
