"""What a Hugging Face tokenizer makes of texts, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from manylabel.core.progress import Progress
from manylabel.nn.hugging_face import quiet, readable

_TEXTS_AT_ONCE = 1024


def tokenize(tokenizer: Any, texts: Sequence[str], progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of whole texts, without special ones.

    Returns:
        int32 ``[tokens]``, those of one text behind the other's, and int64 ``[n]``, how many each text has.
    """
    parts = [np.zeros(0, np.int32)]
    lengths = np.zeros(len(texts), np.int64)
    with progress.task("tokens", len(texts)) as advance, quiet():
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = [readable(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            # Never truncated here: a tokenizer keeps that between calls, so two threads would change each other's.
            rows = tokenizer(part, add_special_tokens=False, truncation=False, padding=False)["input_ids"]
            lengths[start : start + len(rows)] = [len(row) for row in rows]
            parts.extend(np.asarray(row, np.int32) for row in rows)
            advance(len(part))
    return np.concatenate(parts), lengths


def frame_of(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special tokens that a tokenizer puts before and behind a text."""
    encoded = tokenizer("a", return_special_tokens_mask=True)
    numbers, special = encoded["input_ids"], encoded["special_tokens_mask"]
    before = next((place for place, one in enumerate(special) if not one), len(special))
    behind = next((place for place, one in enumerate(reversed(special)) if not one), 0)
    return tuple(numbers[:before]), tuple(numbers[len(numbers) - behind :])


def padding_of(tokenizer: Any) -> int:
    """The number of its padding token, or one that does as well under a mask."""
    return 0 if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)


def only_token(tokenizer: Any) -> int:
    """The token of a text that would have none."""
    for name in ("unk_token_id", "eos_token_id", "bos_token_id"):
        if getattr(tokenizer, name) is not None:
            return int(getattr(tokenizer, name))
    return padding_of(tokenizer)
