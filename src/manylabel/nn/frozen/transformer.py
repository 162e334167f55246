"""Any Hugging Face model as an encoder, its weights as they are."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from manylabel.core.errors import InputError, MissingExtraError, RunError
from manylabel.core.progress import Advance
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.frozen.base import FrozenEncoder, ignore, unit_length
from manylabel.nn.frozen.transformer_config import FrozenTransformerConfig

_FILES = "files.json"
_NO_LIMIT = 1 << 30


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
        name = self.config.model
        folder = Path(name).expanduser()
        if folder.is_dir():
            self._open(folder)
        elif folder.exists() or folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
            raise InputError("no such folder", path=name, remedy="name the folder of a saved Hugging Face model")
        else:
            self._open(name)
        return self

    def encode(self, texts: Sequence[str], advance: Advance = ignore) -> np.ndarray:
        """The pooled states; see :meth:`FrozenEncoder.encode`."""
        import torch

        vectors = np.zeros((len(texts), self.width), np.float32)
        if len(texts) == 0:
            return vectors
        longest = min(self.config.max_length, self._positions())
        with self._one_at_a_time:  # the tokenizer keeps its truncation between calls
            tokens = self._tokenizer(list(texts), truncation=True, max_length=longest, padding=False)["input_ids"]
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
        with tempfile.TemporaryDirectory() as folder, _quiet():
            self._model.save_pretrained(folder)
            self._tokenizer.save_pretrained(folder)
            files = sorted(file for file in Path(folder).iterdir() if file.is_file())
            for file in files:
                writer.copy(file.name, file)
        writer.json(_FILES, [file.name for file in files])

    def restore(self, run: RunDirectory) -> None:
        """Read model and tokenizer; see :meth:`FrozenEncoder.restore`."""
        # The library wants its own file names; those of a run carry a prefix.
        with tempfile.TemporaryDirectory() as folder:
            for name in run.read_json(_FILES):
                (Path(folder) / Path(name).name).symlink_to(run.file(name).resolve())
            try:
                self._open(Path(folder))
            except InputError as error:
                raise RunError(f"{run.path}: its encoder cannot be opened: {error}") from None

    def _open(self, source: str | Path) -> None:
        torch, transformers = _libraries()
        local = isinstance(source, Path)
        try:
            with _quiet():
                self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                    source, local_files_only=local, trust_remote_code=False
                )
                self._model, found = transformers.AutoModel.from_pretrained(
                    source,
                    local_files_only=local,
                    trust_remote_code=False,
                    dtype=torch.float32,
                    output_loading_info=True,
                )
        except (OSError, ValueError, KeyError, RuntimeError, _safetensor_error()) as error:
            reason = str(error).strip().partition("\n")[0]
            raise InputError(f"no model that can be used: {reason}", path=source) from None
        # Without its files the library makes a tokenizer that knows its special tokens alone.
        if len(self._tokenizer) <= len(self._tokenizer.all_special_ids):
            raise InputError("has no tokenizer", path=source, remedy="save it into the folder, beside the model")
        # The states are taken before the pooler, which many models come without.
        missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
        if missing:
            raise InputError(f"its weights lack {missing[0]} and {len(missing) - 1} others", path=source)
        self._model = self._model.eval().to("cuda" if torch.cuda.is_available() else "cpu")

    def _positions(self) -> int:
        """Tokens that the model can take at most."""
        # Where the positions are numbered from behind the padding token's, only the tokenizer knows.
        of_model = getattr(self._model.config, "max_position_embeddings", None) or _NO_LIMIT
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


def _libraries() -> tuple[Any, Any]:
    purpose = "the encoder transformer"
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "nn", purpose) from None
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("transformers", "nn", purpose) from None
    return torch, transformers


def _safetensor_error() -> type[Exception]:
    from safetensors import SafetensorError

    return SafetensorError


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from drawing bars of its own and from listing weights that are not needed."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
