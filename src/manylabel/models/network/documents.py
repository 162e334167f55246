"""The documents of a neural model: checked, and in two parts."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.split import Rows, split_rows
from manylabel.models.network.workshop import positives_of


def training_and_validation(
    corpus: Corpus, given: Corpus | None, share: float, seed: int
) -> tuple[Corpus, Corpus | None]:
    """Documents to learn from and to validate on.

    Args:
        corpus: training documents.
        given: validation documents, over the labels of the training documents; None to hold some of these out.
        share: of the training documents that is held out then.
        seed: of which ones.

    Returns:
        Both over the labels of training; no validation where it would be empty or have no label.

    Raises:
        ConfigError: validation documents over other labels.
    """
    corpus = replace(corpus, positives=positives_of(corpus))
    if given is not None:
        training, validation = corpus, _over(given, corpus.labels)
    elif share == 0 or round(share * len(corpus)) < 1 or len(corpus) < 3:
        training, validation = corpus, None
    else:
        rows = _held_out(corpus, share, seed)
        training, validation = corpus.select(rows["train"]), corpus.select(rows["validation"])
        if training.positives.nnz == 0:
            training, validation = corpus, None
    return training, None if validation is None or validation.positives.nnz == 0 else validation


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


def _over(corpus: Corpus, labels: LabelSpace) -> Corpus:
    """A corpus over the training labels alone.

    Raises:
        ConfigError: it is over other labels.
    """
    if list(corpus.labels.names[: len(labels)]) != list(labels.names):
        raise ConfigError("validation documents must be over the labels of the training documents")
    positives = positives_of(corpus)[:, : len(labels)]
    return Corpus(corpus.texts, positives, labels, corpus.ids, {}, corpus.dropped_labels, corpus.source)
