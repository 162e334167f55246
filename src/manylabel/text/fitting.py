"""Learns a vocabulary: counts a corpus batch by batch on all cores, then settles which terms become which columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from manylabel.core.errors import InputError
from manylabel.text.ngrams import list_ngrams
from manylabel.text.ordering import sorted_order
from manylabel.text.preparation import Preparation, in_batches
from manylabel.text.rows import add_document_frequencies, add_term_frequencies, tally
from manylabel.text.scripts import mostly_unspaced
from manylabel.text.terms import Terms
from manylabel.text.tfidf_config import WORDS_OF_TWO, TfidfConfig
from manylabel.text.threads import map_in_threads
from manylabel.text.vocabulary import Vocabulary

# Chinese event types, 12 thousand sentences, linear SVM: macro-F1 is 81.2 with (1, 2), 79.0 with (1, 3), 79.4 with
# (1, 1); the same order with char_wb and with sublinear tf.
_NGRAM_RANGES = {"word": (1, 1), "char": (1, 2), "char_wb": (1, 2)}


class Counted(NamedTuple):
    """The counts of one batch.

    Attributes:
        sizes: int64, distinct terms of each document.
        ids: int32, their numbers in the set of the worker that counted the batch.
        counts: int32, how often each came.
        worker: which worker that was.
    """

    sizes: np.ndarray
    ids: np.ndarray
    counts: np.ndarray
    worker: int


class Learnt(NamedTuple):
    """What a corpus has taught.

    Attributes:
        vocabulary: the terms that became columns.
        frequencies: int64 ``[d]``, in how many documents each stands.
        columns: for each worker the column (int32) of each of its terms, -1 for one that was dropped.
    """

    vocabulary: Vocabulary
    frequencies: np.ndarray
    columns: list[np.ndarray]


def resolve(config: TfidfConfig, texts: Sequence[str]) -> TfidfConfig:
    """Decide what the options leave open: the analyzer by the script of the texts, then the n-grams."""
    analyzer = config.analyzer
    if analyzer == "auto":
        # A pattern for words asks for words.
        words = config.token_pattern != WORDS_OF_TWO or not mostly_unspaced(texts)
        analyzer = "word" if words else "char"
    return config.with_values(analyzer=analyzer, ngram_range=config.ngram_range or _NGRAM_RANGES[analyzer])


def count_corpus(texts: Sequence[str], preparation: Preparation, threads: int) -> tuple[list[Counted], list[Terms]]:
    """Count the n-grams of all texts.

    Each worker numbers the terms it meets on its own; which batches a worker gets is up to chance, and does not
    show in what :func:`learn` makes of it.

    Returns:
        The counts of each batch, in order, and the terms of each worker.
    """
    sets = [Terms() for _ in range(threads)]
    idle = list(range(threads))

    def count(bounds: tuple[int, int]) -> Counted:
        ngrams, sizes = list_ngrams(preparation(texts[slice(*bounds)]), preparation.recipe)
        worker = idle.pop()
        numbers = sets[worker].number(ngrams)
        terms = sets[worker].count
        idle.append(worker)
        # Copies, for the arrays have room for many more.
        distinct, ids, counts = tally(numbers, sizes, terms)
        return Counted(distinct, ids.copy(), counts.copy(), worker)

    return map_in_threads(count, in_batches(texts), threads), sets


def learn(counted: list[Counted], sets: list[Terms], documents: int, config: TfidfConfig) -> Learnt:
    """Choose the terms to keep and sort them.

    Raises:
        InputError: no document has a term, or none is left within the bounds on document frequency.
    """
    terms = sets[0]
    numbers = [np.arange(terms.count), *(terms.merge(others) for others in sets[1:])]
    count = terms.count
    if count == 0:
        raise InputError(
            f"no terms found in {documents} texts",
            remedy="are they empty? else try analyzer char, or another token_pattern",
        )
    frequencies = np.zeros(count, np.int64)
    for worker, renumbered in enumerate(numbers):
        own = np.zeros(len(renumbered), np.int64)
        for batch in counted:
            if batch.worker == worker:
                add_document_frequencies(batch.ids, own)
        frequencies[renumbered] += own
    order = sorted_order(terms.blob, terms.stops, np.flatnonzero(_within_bounds(frequencies, documents, config)))
    if config.max_features is not None and len(order) > config.max_features:
        order = _most_frequent(order, counted, numbers, count, config.max_features)
    column = np.full(count, -1, np.int32)
    column[order] = np.arange(len(order), dtype=np.int32)
    vocabulary = Vocabulary(*terms.take(order))
    return Learnt(vocabulary, frequencies[order], [column[renumbered] for renumbered in numbers])


def _within_bounds(frequencies: np.ndarray, documents: int, config: TfidfConfig) -> np.ndarray:
    low = config.min_df * documents if isinstance(config.min_df, float) else config.min_df
    high = config.max_df * documents if isinstance(config.max_df, float) else config.max_df
    kept = (frequencies >= low) & (frequencies <= high)
    if not kept.any():
        raise InputError(
            f"none of {len(frequencies)} terms is in at least {low:g} and at most {high:g} of {documents} texts",
            remedy="lower min_df or raise max_df",
        )
    return kept


def _most_frequent(
    order: np.ndarray, counted: list[Counted], numbers: list[np.ndarray], count: int, limit: int
) -> np.ndarray:
    """Those of the sorted terms that occur most often in all, still sorted."""
    totals = np.zeros(count, np.float32)
    for batch in counted:
        add_term_frequencies(batch.ids, batch.counts, numbers[batch.worker], totals)
    # The default algorithm is not stable; which of several equals it keeps is what scikit-learn's keeps.
    chosen = (-totals[order]).argsort()[:limit]
    return order[np.sort(chosen)]


def inverse_frequencies(frequencies: np.ndarray, documents: int, config: TfidfConfig) -> np.ndarray:
    """The idf of each term, float32 ``[d]``, from its document frequency; ones without `use_idf`."""
    if not config.use_idf:
        return np.ones(len(frequencies), np.float32)
    smoothing = int(config.smooth_idf)
    quotient = np.full(len(frequencies), documents + smoothing, np.float32)
    quotient /= frequencies.astype(np.float32) + np.float32(smoothing)
    return np.log(quotient) + np.float32(1.0)
