"""Small random evaluations for the tests: lists with ties and gaps, documents without labels, labels never trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.metrics import METRICS

COUNTS = np.array([0, 1, 3, 9, 10, 40, 99, 100, 500])
WITH_CUT = [entry for entry in METRICS if entry.endswith("@k")]
WITHOUT_CUT = [entry for entry in METRICS if not entry.endswith("@k")]


def all_metrics(*cuts: int) -> list[str]:
    """Every metric of the table, at these cuts."""
    return [entry.replace("@k", f"@{k}") for entry in WITH_CUT for k in cuts] + WITHOUT_CUT


@dataclass(frozen=True)
class Case:
    """One evaluation: arguments of `evaluate`, and the same as dense arrays over the joint label space."""

    topk: TopK
    corpus: Corpus
    truth: np.ndarray  # bool [n, joint L], columns of the model first
    counts: np.ndarray  # int [joint L]
    sets: np.ndarray  # bool [n, model L]
    n_training: int

    @property
    def n_model(self) -> int:
        return len(self.topk.labels)


def make_case(
    seed: int, n: int, n_model: int, k: int, n_extra: int = 0, density: float = 0.3, full: bool = False
) -> Case:
    """A case from a seed; with `full`, lists without gaps and with distinct scores."""
    rng = np.random.default_rng(seed)
    counts = np.concatenate([rng.choice(COUNTS, n_model), np.zeros(n_extra, int)])
    labels = LabelSpace([f"m{i}" for i in range(n_model)], counts=counts[:n_model], n_documents=700)
    indices = np.full((n, k), NO_LABEL, dtype=np.int32)
    scores = np.full((n, k), -np.inf, dtype=np.float32)
    for row in range(n):
        length = min(k, n_model) if full else int(rng.integers(0, min(k, n_model) + 1))
        chosen = rng.choice(n_model, length, replace=False)
        values = rng.random(length) if full else rng.integers(-2, 3, length) / 4
        order = np.lexsort((chosen, -values))
        indices[row, :length], scores[row, :length] = chosen[order], values[order]
    truth = rng.random((n, n_model + n_extra)) < density
    names = [f"m{i}" for i in range(n_model)] + [f"x{i}" for i in range(n_extra)]
    order = rng.permutation(len(names))
    test = LabelSpace([names[i] for i in order])
    corpus = Corpus([""] * n, csr_matrix(truth[:, order]), test)
    sets = rng.random((n, n_model)) < density
    return Case(TopK(indices, scores, labels=labels), corpus, truth, counts, sets, 700)


@st.composite
def cases(draw: st.DrawFn, full: bool = False) -> Case:
    """Cases of up to 7 documents and 9 labels."""
    n_model = draw(st.integers(1, 7))
    return make_case(
        seed=draw(st.integers(0, 2**32 - 1)),
        n=draw(st.integers(1, 7)),
        n_model=n_model,
        k=n_model if full else draw(st.integers(1, 8)),
        n_extra=0 if full else draw(st.integers(0, 2)),
        density=draw(st.sampled_from([0.1, 0.3, 0.6, 0.95])),
        full=full,
    )
