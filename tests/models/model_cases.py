"""Every model of the table in a few configurations, and corpora to fit them on."""

import functools

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import FeatureCorpus
from manylabel.data.generate import GeneratorConfig, generate_corpus
from manylabel.models import MODELS
from manylabel.text.tfidf import Tfidf

SMALL_TREE = {"branching": 2, "leaf_size": 8}
SMALL_RANKER = {"ranker": {"kind": "boosted", "leaf_candidates": 10, "rounds": 40}, "folds": 2, "ablation": False}
CASES = {
    "linear-tree": {"tree": SMALL_TREE},
    "linear-tree of three": {"tree": SMALL_TREE, "trees": 3},
    "linear-tree, all else": {
        "tree": {"clustering": "kmeans", "branching": 3, "leaf_size": 4, "negatives": "matcher-aware"}
        | {"label_features": "mixed", "relevance": "share"},
        "solver": {"loss": "logistic", "cost": 10.0},
        "features": {"ngram_range": (1, 2), "sublinear_tf": True},
    },
    "linear-ovr": {},
    "linear-ovr, logistic": {"solver": {"loss": "logistic", "cost": 5.0}, "seed": 3},
    "fused": {"sources": {"linear": {"model": {"kind": "linear-tree", "tree": SMALL_TREE}}}, **SMALL_RANKER},
}

NEURAL = {"network", "attention-xml", "dual-encoder"}
"""Models of texts alone, whose scores depend on the batch in the last bits; their contracts lie in other files."""


def make(case, **options):
    """A model that is not fitted."""
    kind = case.partition(",")[0].partition(" of")[0]
    return MODELS.load(kind)(**{**CASES[case], **options})


@functools.cache
def corpora():
    """A training and a test part with a long tail, labels with texts."""
    return generate_corpus(GeneratorConfig(documents=500, labels=60, words_per_document=15.0, test_share=0.2, seed=1))


@functools.cache
def feature_corpora():
    """The same as rows of features."""
    parts = corpora()
    tfidf = Tfidf()
    tfidf.fit(parts[0].texts)
    return tuple(FeatureCorpus(tfidf.transform(part.texts), part.positives, part.labels) for part in parts)


def memorisable(n=64):
    """Documents of a word of their own and shared ones, each with a label of its own."""
    names = [f"label{i:02}" for i in range(n)]
    space = LabelSpace(names, texts=names)
    return Corpus.from_texts([f"common word{i} w{i % 7}" for i in range(n)], [[name] for name in names], space=space)


def same(one, other):
    """Whether two lists of labels are equal to the last bit."""
    return (
        one.kind == other.kind
        and one.indices.tobytes() == other.indices.tobytes()
        and one.scores.tobytes() == other.scores.tobytes()
    )


def precision_at_1(topk, corpus):
    best = topk.indices[:, 0]
    hits = np.asarray(corpus.positives[np.arange(len(corpus)), np.maximum(best, 0)]).ravel()
    return (hits & (best >= 0)).mean()
