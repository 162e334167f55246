"""Scores of training documents from models that did not learn from them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.stages import Stages
from manylabel.models.cross_fit import out_of_fold
from manylabel.models.linear_ovr import LinearOVR
from manylabel.models.linear_ovr_config import LinearOVRConfig


@pytest.fixture
def corpus():
    """Each document has a word of its own that says its label, and one that many have."""
    texts = [f"word{i} class{i % 4}" for i in range(40)]
    truth = np.eye(4, dtype=bool)[np.arange(40) % 4]
    return Corpus(texts, csr_matrix(truth), LabelSpace(list("abcd")))


def test_all_documents_are_answered_by_models_that_do_not_know_them(corpus, monkeypatch):
    seen, asked = [], []
    fit, predict = LinearOVR.fit, LinearOVR.predict
    monkeypatch.setattr(
        LinearOVR, "fit", lambda self, part, **o: (seen.append(set(part.texts)), fit(self, part, **o))[1]
    )
    monkeypatch.setattr(
        LinearOVR, "predict", lambda self, texts, k: (asked.append(set(texts)), predict(self, texts, k))[1]
    )
    found = out_of_fold(LinearOVRConfig(), corpus, folds=4, k=2)
    assert found.folds == len(seen) == len(asked) == 4
    assert all(not known & new and len(known | new) == 40 for known, new in zip(seen, asked, strict=True))
    assert found.rows.tolist() == list(range(40))
    assert found.topk.indices.shape == (40, 2)
    assert (found.topk.indices[:, 0] == np.arange(40) % 4).all()
    assert found.topk.kind == "margin"


def test_only_as_many_folds_as_are_wanted(corpus):
    found = out_of_fold(LinearOVRConfig(), corpus, folds=4, k=2, wanted=15)
    assert found.folds == 2
    assert len(found.rows) == len(found.topk) == 15
    assert (np.diff(found.rows) > 0).all()
    assert (found.topk.indices[:, 0] == found.rows % 4).all()


def test_finished_folds_are_kept(corpus, tmp_path):
    first = out_of_fold(LinearOVRConfig(), corpus, folds=2, k=3, stages=Stages.begin(tmp_path / "s", {}, resume=False))
    again = out_of_fold(LinearOVRConfig(), corpus, folds=2, k=3, stages=Stages.begin(tmp_path / "s", {}, resume=True))
    assert first.topk.scores.tobytes() == again.topk.scores.tobytes()
    assert again.topk.kind == first.topk.kind


def test_too_few_documents_are_refused(corpus):
    with pytest.raises(InputError, match="2 different documents with labels are too few for 3 folds"):
        out_of_fold(LinearOVRConfig(), corpus.select([0, 1]), folds=3)


def test_costs_of_positives_are_searched(corpus):
    plain = LinearOVR(features={"min_df": 1}).fit(corpus)
    searched = LinearOVR(cost_search={"best_for": "macro-F1", "values": [20.0], "folds": 2}).fit(corpus)
    assert (searched.predict(corpus.texts, 4).scores > 0).sum() >= (plain.predict(corpus.texts, 4).scores > 0).sum()
    assert LinearOVR(cost_search="micro-F1").config.cost_search.best_for == "micro-F1"
    estimates = [LinearOVR(**o).estimate(corpus).seconds for o in ({}, {"cost_search": {"values": [1, 2], "folds": 3}})]
    assert estimates[1] == pytest.approx(5 * estimates[0], rel=0.2)
