"""Groups of labels by number of training documents."""

from __future__ import annotations

import numpy as np
import pytest
from metric_cases import make_case

from manylabel.core.errors import ConfigError
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.groups import GROUPS, check_cuts, describe, groups_of


def test_the_cut_points_belong_to_the_upper_group() -> None:
    names = [GROUPS[i] for i in groups_of(np.array([0, 1, 9, 10, 99, 100, 5000]))]
    assert names == ["unseen", "tail", "tail", "torso", "torso", "head", "head"]


def test_other_cuts() -> None:
    names = [GROUPS[i] for i in groups_of(np.array([0, 1, 2, 3, 4]), (1, 3))]
    assert names == ["unseen", "torso", "torso", "head", "head"]


@pytest.mark.parametrize("cuts", [(10,), (10, 100, 1000), (0, 10), (100, 10), (1.5, 10)])
def test_cuts_out_of_order_are_refused(cuts: tuple) -> None:
    with pytest.raises(ConfigError, match="expected two numbers of training documents"):
        check_cuts(cuts)


def test_groups_partition_labels_and_positives_and_the_report_says_where_they_begin() -> None:
    case = make_case(2, n=30, n_model=12, k=6, n_extra=2)
    result = evaluate(case.topk, case.corpus, cuts=(4, 41), n_bootstrap=0)
    assert sum(group.labels for group in result.groups.values()) == result.basis.labels == 14
    assert sum(group.positives for group in result.groups.values()) == result.basis.positives == case.truth.sum()
    assert sum(group.labels_in_test for group in result.groups.values()) == result.basis.labels_in_test
    assert result.groups["head"].labels == (case.counts >= 41).sum()
    assert result.to_dict()["cuts"] == [4, 41]
    assert "head >= 41, torso 4-40, tail 1-3, unseen 0" in str(result)


def test_recall_of_the_groups_adds_up_to_micro_recall() -> None:
    case = make_case(3, n=30, n_model=12, k=6, n_extra=2)
    result = evaluate(case.topk, case.corpus, metrics=["micro-recall"], top_n=4, n_bootstrap=0)
    parts = [(group.values["micro-recall"] or 0.0) * group.positives for group in result.groups.values()]
    assert sum(parts) / result.basis.positives == pytest.approx(result["micro-recall"], abs=1e-12)


def test_a_group_that_the_test_lacks_has_no_values() -> None:
    case = make_case(2, n=10, n_model=6, k=6, full=True)
    result = evaluate(case.topk, case.corpus, cuts=(10**6, 10**7), n_bootstrap=10)
    for name in ("head", "torso"):
        assert set(result.groups[name].values.values()) == {None}
        assert result.groups[name].intervals == {}
        assert result.to_dict()["groups"][name]["P@1"] is None
    assert describe((1, 1)) == {"head": ">= 1", "torso": "none", "tail": "none", "unseen": "0"}
