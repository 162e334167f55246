"""A small world of documents and labels with texts, and what sources make of it."""

import functools

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine import SOURCES
from manylabel.combine.source import Documents, Query
from manylabel.core.labels import LabelSpace
from manylabel.core.stages import Stages
from manylabel.data.generate import GeneratorConfig, generate_corpus
from manylabel.text.tfidf import Tfidf

OPTIONS = {"model": {"model": {"kind": "linear-tree", "tree": {"leaf_size": 8, "branching": 2}}}}


@functools.cache
def world():
    """Training documents, their labels, the label space, and test documents with theirs."""
    train, test = generate_corpus(
        GeneratorConfig(documents=400, labels=40, words_per_document=15.0, test_share=0.2, seed=2)
    )
    tfidf = Tfidf()
    features = tfidf.fit_transform(train.texts)
    known = Documents(features, list(train.texts), tfidf)
    asked = Documents(tfidf.transform(test.texts), list(test.texts), tfidf)
    return known, train.positives, train.labels, asked, test.positives


def source(kind, **options):
    """A source that has learned nothing."""
    section = SOURCES.section(kind).parse({**OPTIONS.get(kind, {}), **options})
    return SOURCES.load(kind)(section)


@functools.cache
def fitted(kind):
    """A source that has learned the world."""
    known, positives, labels, _, _ = world()
    return source(kind).fit(known, positives, labels, stages=Stages())


def small(texts, labels_of, labels, kind, **options):
    """A source that has learned a few texts with the labels of each, and what makes their features."""
    tfidf = Tfidf()
    features = tfidf.fit_transform(texts)
    positives = np.zeros((len(texts), len(labels)), bool)
    for row, own in enumerate(labels_of):
        positives[row, own] = True
    learned = source(kind, **options)
    known = learned.prepare(Documents(features, texts, tfidf), stages=Stages())
    return learned.fit(known, csr_matrix(positives), labels, stages=Stages()), tfidf


@functools.cache
def query():
    """The test documents; the model's proposals stand as earlier ones."""
    asked = world()[3]
    return Query(asked, {"tree": fitted("model").propose(Query(asked))})


def documents(texts, tfidf):
    """Documents of texts."""
    return Documents(tfidf.transform(texts), texts, tfidf)


def space(texts, **more):
    """Labels a, b, c, ... with texts."""
    return LabelSpace([chr(97 + i) for i in range(len(texts))], texts=texts, **more)


def of(proposals, row):
    """The labels proposed for a document with their values."""
    part = slice(int(proposals.indptr[row]), int(proposals.indptr[row + 1]))
    return dict(zip(proposals.labels[part].tolist(), np.round(proposals.values[part], 5).tolist(), strict=True))
