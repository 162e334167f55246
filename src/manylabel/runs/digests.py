"""SHA-256 of data as a run saw it: recognises the same data wherever it lies and whatever format it has."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import FeatureCorpus


def corpus_digest(corpus: Corpus | FeatureCorpus) -> str:
    """Of documents and their labels, in order; the order of the label space, and labels that no document has, do not
    matter. Thus a test part has one digest, whichever model it is read for."""
    state = hashlib.sha256(truth_digest(corpus).encode())
    if isinstance(corpus, FeatureCorpus):
        matrix = corpus.features
        state.update(np.asarray(matrix.shape, dtype=np.int64).tobytes())
        for array, dtype in ((matrix.indptr, np.int64), (matrix.indices, np.int64), (matrix.data, np.float32)):
            state.update(np.ascontiguousarray(array, dtype=dtype).tobytes())
    else:
        for text in corpus.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            state.update(len(encoded).to_bytes(8, "little"))
            state.update(encoded)
    return state.hexdigest()


def truth_digest(corpus: Corpus | FeatureCorpus) -> str:
    """Of the labels of each document alone, so that the same test part is known again where its texts are put
    together from other fields."""
    names, indices = _by_name(corpus)
    state = hashlib.sha256(LabelSpace(names).digest().encode())
    state.update(np.ascontiguousarray(corpus.positives.indptr, dtype=np.int64).tobytes())
    state.update(np.ascontiguousarray(indices, dtype=np.int64).tobytes())
    return state.hexdigest()


def label_space_digest(labels: LabelSpace) -> str:
    """Of everything that is known of the labels, their order included."""
    state = hashlib.sha256(f"{len(labels)} {labels.n_documents} {labels.closed}\n".encode())
    for record in labels.records():  # a million labels as one string would weigh more than the labels themselves
        state.update(json.dumps(record).encode())
    return state.hexdigest()


def _by_name(corpus: Corpus | FeatureCorpus) -> tuple[list[str], np.ndarray]:
    """Names of the labels that occur, sorted, and the label matrix's indices counted among these, sorted by row."""
    positives = corpus.positives
    used = np.unique(positives.indices)
    names = corpus.labels.names_of(used.tolist())
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.zeros(len(corpus.labels), dtype=np.int64)
    rank[used[order]] = np.arange(len(order))
    rows = np.repeat(np.arange(positives.shape[0]), np.diff(positives.indptr))
    indices = rank[positives.indices]
    return [names[i] for i in order], indices[np.lexsort((indices, rows))]
