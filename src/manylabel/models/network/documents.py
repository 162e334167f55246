"""The documents of a neural model: checked, and in two parts."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.split import Rows, split_rows
from manylabel.models.network.workshop import positives_of


def training_and_validation(
    corpus: Corpus, given: Corpus | None, held_out: float, seed: int
) -> tuple[Corpus, Corpus | None]:
    """Documents to learn from and to validate on.

    Args:
        corpus: training documents.
        given: validation documents, over the labels of the training documents; None to hold some of these out.
        held_out: the share of the training documents that is held out then, or from 1 on how many they are.
        seed: of which ones.

    Returns:
        Both over the labels of training; no validation where it would be empty or have no label.

    Raises:
        ConfigError: validation documents over other labels, or as many to hold out as there are.
    """
    corpus = replace(corpus, positives=positives_of(corpus))
    share = held_out_share(held_out, len(corpus))
    if given is not None:
        training, validation = corpus, _over(given, corpus.labels)
    elif held_out >= len(corpus) > 0:
        raise ConfigError(
            f"train.validation: {held_out:,} documents cannot be held out, there are {len(corpus):,}; give fewer, or a "
            "share"
        )
    elif share == 0 or round(share * len(corpus)) < 1 or len(corpus) < 3:
        training, validation = corpus, None
    else:
        rows = _held_out(corpus, share, seed)
        if held_out >= 1:
            rows = _of_size(corpus, rows, int(held_out), seed)
        training, validation = corpus.select(rows["train"]), corpus.select(rows["validation"])
        if training.positives.nnz == 0:
            training, validation = corpus, None
    return training, None if validation is None or validation.positives.nnz == 0 else validation


def held_out_share(held_out: float, n_documents: int) -> float:
    """The share of documents that ``train.validation`` says, which may be their number instead; 1 at most."""
    return held_out if held_out < 1 else min(1.0, held_out / max(n_documents, 1))


def check_documents(corpus: Corpus) -> None:
    """Make sure that there is something to learn from.

    Raises:
        InputError: no documents, no labels, or no text.
    """
    if len(corpus) == 0:
        raise InputError("there are no documents to train on", path=corpus.source)
    if corpus.positives.nnz == 0:
        raise InputError("the training documents have no labels", path=corpus.source)
    if not any(text.strip() for text in corpus.texts):
        raise InputError("no terms: every training text is empty", path=corpus.source)


def texts_of(inputs: Any) -> list[str]:
    """The texts that a neural model is to score.

    Raises:
        InputError: something else.
    """
    if isinstance(inputs, str):
        raise InputError("expected a list of texts, got a single string", remedy="pass [text]")
    if hasattr(inputs, "tocsr"):
        raise InputError("the model was trained on texts, not on rows of features")
    texts = list(inputs)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {number} is of type {type(text).__name__}, not a string")
    return texts


def _held_out(corpus: Corpus, share: float, seed: int) -> Rows:
    """The rows of both parts: stratified by labels, by chance where that leaves one of them empty."""
    fractions = {"train": 1 - share, "validation": share}
    if len(corpus) >= 20:
        with contextlib.suppress(InputError):  # few labels have enough documents for a share of one
            return split_rows(corpus, fractions, "stratified", seed=seed)
    return split_rows(corpus, fractions, "random", seed=seed)


def _of_size(corpus: Corpus, rows: Rows, size: int, seed: int) -> Rows:
    """The parts with exactly so many validation documents.

    What a stratified split lacks or has too many goes over by chance; a training document with a label that no other
    one has goes last.
    """
    rng = np.random.default_rng(seed)
    training, validation = (rng.permutation(rows[part]) for part in ("train", "validation"))
    kept = corpus.positives[np.sort(training)]
    alone = np.flatnonzero(np.bincount(kept.indices, minlength=kept.shape[1]) == 1)
    needed = np.diff(corpus.positives[training][:, alone].indptr) > 0
    training = training[np.argsort(needed, kind="stable")]
    lacking = max(size - len(validation), 0)
    parts = {
        "train": np.concatenate([training[lacking:], validation[size:]]),
        "validation": np.concatenate([validation[:size], training[:lacking]]),
    }
    return {name: np.sort(own) for name, own in parts.items()}


def _over(corpus: Corpus, labels: LabelSpace) -> Corpus:
    """A corpus over the training labels alone.

    Raises:
        ConfigError: it is over other labels.
    """
    if list(corpus.labels.names[: len(labels)]) != list(labels.names):
        raise ConfigError("validation documents must be over the labels of the training documents")
    positives = positives_of(corpus)[:, : len(labels)]
    return Corpus(corpus.texts, positives, labels, corpus.ids, {}, corpus.dropped_labels, corpus.source)
