"""TF-IDF features of texts, the same as scikit-learn's to the last bit, at a fraction of the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError, NotFittedError, RunError
from manylabel.text.fitting import Counted, Learnt, count_corpus, inverse_frequencies, learn, resolve
from manylabel.text.ngrams import list_ngrams
from manylabel.text.preparation import Preparation, in_batches
from manylabel.text.rows import kept_sizes, place_rows, tally, weigh
from manylabel.text.terms import look_up
from manylabel.text.tfidf_config import TfidfConfig
from manylabel.text.threads import available_threads, map_in_threads
from manylabel.text.vocabulary import Vocabulary

__all__ = ["Tfidf", "TfidfConfig"]

_ANALYZERS = ("word", "char", "char_wb")


class _Fitted(NamedTuple):
    config: TfidfConfig
    preparation: Preparation
    vocabulary: Vocabulary
    idf: np.ndarray


class Tfidf:
    """TF-IDF rows of texts.

    ``tf-idf(t, d) = tf(t, d) * idf(t)`` with ``idf(t) = ln((1 + n) / (1 + df(t))) + 1`` (or ``ln(n / df(t)) + 1``
    unsmoothed), rows scaled to unit length. Values are bit for bit those of scikit-learn's
    ``TfidfVectorizer(dtype=float32)``; only in a training text whose squared weights sum to 2**30 or more
    (tens of thousands of repetitions of one word) may a value differ in its last bit.

    Args:
        config: the options.
        threads: threads to use; by default as many as there are cores. The result does not depend on it.

    Attributes:
        config: as given.
        threads: as given.
    """

    def __init__(self, config: TfidfConfig | None = None, *, threads: int | None = None) -> None:
        self.config = config if config is not None else TfidfConfig()
        self.threads = threads
        self._fitted: _Fitted | None = None

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn terms and their document frequencies.

        Raises:
            InputError: something other than a sequence of strings, no texts, or no terms in them.
        """
        self._learn(texts)
        return self

    def fit_transform(self, texts: Sequence[str]) -> csr_matrix:
        """Learn from texts and return their rows: those of ``fit(texts).transform(texts)``, in less time.

        Returns:
            float32 ``[n, d]`` with sorted indices.

        Raises:
            InputError: as in :meth:`fit`.
        """
        counted, learnt = self._learn(texts)
        complete = all((columns >= 0).all() for columns in learnt.columns)
        sizes = [batch.sizes if complete else _kept(batch, learnt) for batch in counted]
        indptr = _indptr(sizes)
        indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        starts = np.cumsum([0, *(part.sum() for part in sizes)])
        unplaced: list[Counted | None] = list(counted)
        counted.clear()

        def fill(k: int) -> None:
            batch, unplaced[k] = unplaced[k], None  # the counts go as the rows come
            assert batch is not None
            part = slice(starts[k], starts[k + 1])
            place_rows(
                batch.sizes,
                batch.ids,
                batch.counts,
                learnt.columns[batch.worker],
                self.n_features,
                indices[part],
                data[part],
            )
            self._weigh(sizes[k], indices[part], data[part])

        map_in_threads(fill, range(len(unplaced)), self._thread_count())
        return self._matrix(indptr, indices, data)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """The rows of texts; terms that training did not see are left out.

        Returns:
            float32 ``[n, d]`` with sorted indices.

        Raises:
            NotFittedError: before :meth:`fit`.
            InputError: something other than a sequence of strings.
        """
        _, preparation, vocabulary, _ = self._state()
        texts = _checked(texts)
        table = (vocabulary.slots, vocabulary.stops, vocabulary.blob)

        def rows(bounds: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            ngrams, sizes = list_ngrams(preparation(texts[slice(*bounds)]), preparation.recipe)
            numbers = look_up(*ngrams, *table)
            sizes, ids, counts = tally(numbers, sizes, len(vocabulary))
            data = counts.astype(np.float32)
            self._weigh(sizes, ids, data)
            return sizes, ids, data

        parts = map_in_threads(rows, in_batches(texts), self._thread_count())
        sizes, indices, data = (
            zip(*parts, strict=True) if parts else ([], [np.empty(0, np.int32)], [np.empty(0, np.float32)])
        )
        one = len(parts) == 1
        return self._matrix(
            _indptr(sizes),
            indices[0] if one else np.concatenate(indices),
            data[0] if one else np.concatenate(data),
        )

    @property
    def resolved(self) -> TfidfConfig:
        """The options with `analyzer` and `ngram_range` as decided from the training texts."""
        return self._state().config

    @property
    def vocabulary(self) -> list[str]:
        """The terms, sorted; term i is column i. Made anew by each use."""
        return self._state().vocabulary.terms()

    def terms_of(self, columns: np.ndarray) -> list[str]:
        """The terms of some columns, without making all the others."""
        return self._state().vocabulary.terms_of(columns)

    @property
    def idf(self) -> np.ndarray:
        """Inverse document frequency of each term, float32 ``[d]``; ones without `use_idf`. Read-only."""
        return self._state().idf

    @property
    def n_features(self) -> int:
        """The number of terms, d."""
        return len(self._state().vocabulary)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """The terms as an array of objects, as scikit-learn wants them; `input_features` is not used."""
        return np.array(self.vocabulary, dtype=object)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that has been learnt, as arrays of numbers.

        Returns:
            ``terms`` uint8 (UTF-8 bytes), ``lengths`` uint32 ``[d]`` (bytes of each term), ``idf`` float32 ``[d]``,
            and ``settled`` uint32 ``[3]``: analyzer (0 word, 1 char, 2 char_wb), shortest and longest n-gram.
        """
        config, _, vocabulary, idf = self._state()
        return {
            **vocabulary.to_arrays(),
            "idf": idf,
            "settled": np.array([_ANALYZERS.index(config.analyzer), *(config.ngram_range or ())], np.uint32),
        }

    @classmethod
    def from_arrays(cls, config: TfidfConfig, arrays: Mapping[str, np.ndarray], *, threads: int | None = None) -> Self:
        """The vectoriser that :meth:`to_arrays` took apart.

        Args:
            config: its options, as given or as resolved.
            arrays: may be read-only memory maps.
            threads: as in the constructor.

        Raises:
            RunError: an array is missing, or they do not fit together or to the options.
        """
        vocabulary = Vocabulary.from_arrays(arrays)
        idf, settled = arrays.get("idf", np.empty(0)), arrays.get("settled", np.empty(0))
        if idf.shape != (len(vocabulary),) or idf.dtype != np.float32:
            raise RunError(f"TF-IDF features: {idf.size} weights for {len(vocabulary)} terms; the model is damaged")
        if settled.shape != (3,) or settled.dtype != np.uint32 or settled[0] >= len(_ANALYZERS):
            raise RunError("TF-IDF features: the analyzer is missing; the model is damaged")
        analyzer, *ngram_range = settled.tolist()
        resolved = config.with_values(analyzer=_ANALYZERS[analyzer], ngram_range=tuple(ngram_range))
        if config.analyzer not in ("auto", resolved.analyzer) or config.ngram_range not in (None, resolved.ngram_range):
            raise RunError(
                f"TF-IDF features were made with analyzer {resolved.analyzer} and n-grams {resolved.ngram_range}, "
                f"not with {config.analyzer} and {config.ngram_range} as the configuration says"
            )
        self = cls(config, threads=threads)
        self._settle(resolved, vocabulary, idf)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and other processes get the arrays only: what is made from them need not travel.
        return _restore, (self.config, self.threads, None if self._fitted is None else self.to_arrays())

    def _learn(self, texts: Sequence[str]) -> tuple[list[Counted], Learnt]:
        texts = _checked(texts)
        if not texts:
            raise InputError("no texts to learn terms from", remedy="is the training file empty?")
        config = resolve(self.config, texts)
        preparation = Preparation(config)
        counted, sets = count_corpus(texts, preparation, self._thread_count())
        learnt = learn(counted, sets, len(texts), config)
        self._settle(
            config, learnt.vocabulary, inverse_frequencies(learnt.frequencies, len(texts), config), preparation
        )
        return counted, learnt

    def _settle(
        self, config: TfidfConfig, vocabulary: Vocabulary, idf: np.ndarray, preparation: Preparation | None = None
    ) -> None:
        idf = np.require(idf, np.float32, ["C", "A"]).view()
        idf.setflags(write=False)
        self._fitted = _Fitted(config, preparation or Preparation(config), vocabulary, idf)

    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise NotFittedError(
                "these TF-IDF features have not learnt any terms yet: call fit with training texts first"
            )
        return self._fitted

    def _weigh(self, sizes: np.ndarray, indices: np.ndarray, data: np.ndarray) -> None:
        config, _, _, idf = self._state()
        if config.sublinear_tf:
            # By numpy, as scikit-learn does it: its float32 logarithm need not be the compiled loop's.
            np.log(data, data)
            data += np.float32(1.0)
        weigh(sizes, indices, data, idf, config.norm is not None)

    def _matrix(self, indptr: np.ndarray, indices: np.ndarray, data: np.ndarray) -> csr_matrix:
        if len(indices) <= np.iinfo(np.int32).max:
            indptr = indptr.astype(np.int32)
        else:
            indices = indices.astype(np.int64)
        matrix = csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, self.n_features), copy=False)
        matrix.has_sorted_indices = True
        matrix.has_canonical_format = True
        return matrix

    def _thread_count(self) -> int:
        return self.threads if self.threads is not None else available_threads()


def _kept(batch: Counted, learnt: Learnt) -> np.ndarray:
    return kept_sizes(batch.sizes, batch.ids, learnt.columns[batch.worker])


def _indptr(sizes: Sequence[np.ndarray]) -> np.ndarray:
    """Row starts (int64 ``[n + 1]``) of batches of rows of the given sizes."""
    indptr = np.zeros(sum(map(len, sizes)) + 1, np.int64)
    np.cumsum(np.concatenate(sizes) if len(sizes) else [], out=indptr[1:])
    return indptr


def _checked(texts: Sequence[str]) -> Sequence[str]:
    if isinstance(texts, (str, bytes)):
        raise InputError("expected a sequence of texts, got a single one", remedy="put it into a list")
    # Series and arrays slice in ways of their own; a list of references costs eight bytes a text.
    texts = texts if isinstance(texts, (list, tuple)) else list(texts)
    if not set(map(type, texts)) <= {str}:
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(
                    f"text {place} (counted from 0) is of type {type(text).__name__}, not a string",
                    remedy="leave it out, or put '' in its place",
                )
    return texts


def _restore(config: TfidfConfig, threads: int | None, arrays: Mapping[str, np.ndarray] | None) -> Tfidf:
    if arrays is None:
        return Tfidf(config, threads=threads)
    return Tfidf.from_arrays(config, arrays, threads=threads)
