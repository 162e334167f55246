"""What training a fused model will cost, from that of its models and the sizes of the problem."""

from __future__ import annotations

import math
from collections.abc import Sequence

from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus

_BASE = 280_000_000  # interpreter, numpy, scipy, compiler, compiled kernels, LightGBM
_CANDIDATES = 105  # of a document
_CANDIDATE_BYTES = 620  # features of a candidate, as they are and as the ranker keeps them
_CANDIDATE_SECONDS = 40e-6  # to find and to learn from
_INDEX_BYTES = 16  # of an entry in the memory's index, while it is made


def fused_estimate(
    corpus: Corpus | FeatureCorpus,
    row_length: float,
    models: Sequence[Estimate],
    *,
    folds: int,
    documents: int,
    encodes: bool = False,
) -> Estimate:
    """Expected cost of a fused model.

    Args:
        corpus: the training documents.
        row_length: mean number of features of a document.
        models: the estimates of the models among its sources, each for one training on all documents.
        folds: as in the configuration.
        documents: likewise.
        encodes: whether a memory has an encoder, whose cost nobody knows before it is opened.
    """
    n = max(len(corpus), 1)
    asked = min(documents, n)
    trainings = 1 + min(math.ceil(asked / (n / folds)), folds) * (1 - 1 / folds)
    entries = n * row_length
    memory = max([_BASE, *(model.memory_bytes for model in models)])
    memory += entries * (_INDEX_BYTES + 8) + asked * _CANDIDATES * _CANDIDATE_BYTES
    seconds = sum(model.seconds for model in models) * trainings + asked * _CANDIDATES * _CANDIDATE_SECONDS
    detail = f"{trainings:.1f} trainings of each source, {asked} documents to rank"
    return Estimate(int(memory), seconds, f"{detail}; the encoder comes on top" if encodes else detail)
