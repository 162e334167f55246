"""The vectors of words: pretrained where a file has them, random elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.core.errors import InputError
from manylabel.core.progress import Progress
from manylabel.nn.dropout import Dropout
from manylabel.nn.encoders.embedding_config import EmbeddingConfig
from manylabel.nn.encoders.words import PADDING, Words
from manylabel.nn.frozen.word_vector_files import read_vectors
from manylabel.nn.inputs import Batch

_WIDTH = 100


class Embedding(nn.Module):
    """A table of vectors, with dropout on what is looked up; the vector of padding is zero and stays so.

    Random vectors are drawn uniformly. Their numbers spread as widely as those of the pretrained vectors, so that words
    with and without one weigh alike, or so that a vector's expected squared length is 1 where there are none.

    Args:
        section: its options.
        n_words: rows of the table.
        width: numbers of a vector.
        spread: standard deviation of the random numbers.
    """

    def __init__(self, section: EmbeddingConfig, n_words: int, width: int, *, spread: float | None = None) -> None:
        super().__init__()
        limit = 3**0.5 * (width**-0.5 if spread is None else spread)
        weights = torch.empty(n_words, width).uniform_(-limit, limit)
        weights[PADDING] = 0
        self.table = nn.Embedding(n_words, width, padding_idx=PADDING, sparse=section.sparse, _weight=weights)
        self.table.weight.requires_grad_(section.trained)
        self.dropout = Dropout(section.dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Vectors of the words, floats ``[B, T, d]``; zero in the padding."""
        return self.dropout(self.table(batch.values.masked_fill(~batch.mask, PADDING)))


def make_embedding(section: EmbeddingConfig, words: Words, counts: np.ndarray, progress: Progress) -> Embedding:
    """The vectors of known words.

    Args:
        section: its options.
        words: what is known.
        counts: int64 ``[known words]``, how often each occurs.
        progress: where the share of words that have a pretrained vector is noted.

    Raises:
        InputError: the file is missing or damaged, has none of the words, or vectors of another width.
    """
    if section.vectors is None:
        return Embedding(section, len(words), section.width or _WIDTH)
    numbers = words.by_word()
    found = read_vectors(section.vectors, section.vocabulary, numbers)
    if not found:
        raise InputError("has no word of the training texts", path=section.vectors, remedy="check its language")
    rows = np.array(sorted(found))
    vectors = np.stack([found[row] for row in rows.tolist()])
    if section.width not in (None, vectors.shape[1]):
        raise InputError(
            f"its vectors have {vectors.shape[1]} numbers, embeddings.width says {section.width}", path=section.vectors
        )
    _note_share(counts, rows - (len(words) - len(counts)), progress)
    embedding = Embedding(section, len(words), vectors.shape[1], spread=float(vectors.std()))
    with torch.no_grad():
        embedding.table.weight[torch.from_numpy(rows)] = torch.from_numpy(vectors)
    return embedding


def _note_share(counts: np.ndarray, found: np.ndarray, progress: Progress) -> None:
    of_words, of_tokens = len(found) / len(counts), counts[found].sum() / counts.sum()
    progress.note(
        f"{of_words:.1%} of {len(counts):,} known words have a pretrained vector; they are {of_tokens:.1%} of their "
        "occurrences"
    )


def check_sizes(sizes: Mapping[str, int], *names: str) -> None:
    """Make sure that sizes read from a run are there and positive.

    Raises:
        KeyError, ValueError: one is not.
    """
    for name in names:
        if not isinstance(sizes[name], int) or sizes[name] < 1:
            raise ValueError(f"{name} must be a positive number")
