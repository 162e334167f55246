"""The parts that rules rest on, against plain computations."""

from types import SimpleNamespace

import numpy as np
import pytest
from doctor_cases import TAILED, make_run
from scipy.sparse import csr_matrix

from manylabel.core.topk import TopK
from manylabel.report.doctor.baselines import commonest_set_share, commonest_share
from manylabel.report.doctor.chance import half_width
from manylabel.report.doctor.examined import are_true
from manylabel.report.doctor.reading import examine
from manylabel.report.doctor.renaming import hits_after, hits_if_shifted, hits_in_order, learn_renaming
from manylabel.report.doctor.tail_gap import tail_gap

N, L = 4000, 12


@pytest.fixture(scope="module")
def mixed():
    """True labels with a large head, predictions that are right in 70 % under other names, and the other names."""
    chance = np.random.default_rng(0)
    shares = 1.0 / np.arange(1, L + 1) ** 1.5
    true = np.stack(
        [chance.choice(L, N, p=shares / shares.sum()), chance.choice(L, N, p=shares / shares.sum())], axis=1
    )
    truth = np.zeros((N, L), dtype=bool)
    truth[np.arange(N)[:, None], true] = True
    best = np.where(chance.random(N) < 0.7, true[:, 0], chance.integers(0, L, N))
    order = chance.permutation(L)
    return order[best], csr_matrix(truth), order


def test_other_names_are_found_in_spite_of_a_large_head(mixed):
    best, truth, order = mixed
    partner = learn_renaming(best, truth)
    assert (partner[order] == np.arange(L)).mean() > 0.9
    assert hits_after(partner, best, truth) > 0.7
    assert hits_after(np.arange(L), best, truth) < 0.5


def test_nothing_is_made_of_predictions_that_mean_nothing(mixed):
    _, truth, _ = mixed
    best = np.random.default_rng(1).integers(0, L, N)
    half = np.arange(N) < N // 2
    partner = learn_renaming(best[half], truth[half])
    always = np.asarray(truth.mean(axis=0)).max()
    assert hits_after(partner, best[~half], truth[~half]) <= always + 0.03


class Asked(SimpleNamespace):
    """As much of a part as the functions under test look at."""

    def __len__(self):
        return self.truth.shape[0]


def part_of(best, truth):
    topk = TopK(best.astype(np.int32)[:, None], np.zeros((len(best), 1), np.float32))
    labelled = np.diff(truth.indptr) > 0
    return Asked(topk=topk, truth=truth, labelled=labelled, corpus=SimpleNamespace(positives=truth))


def test_a_known_order_and_a_shift_are_recognised(mixed):
    best, truth, order = mixed
    part = part_of(best, truth)
    names = [f"l{i:02d}" for i in range(L)]
    real = [names[int(np.flatnonzero(order == i)[0])] for i in range(L)]
    expected = float(are_true(truth, np.argsort(order)[best]).mean())
    assert hits_in_order(part, names, real) == pytest.approx(expected)
    for shift in (-2, 1, 3):
        moved = part_of(np.argsort(order)[best], truth[(np.arange(N) - shift) % N])
        assert hits_if_shifted(moved) == (shift, pytest.approx(expected))


def test_baselines_are_those_of_the_commonest_label_and_set():
    truth = csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool))
    part = part_of(np.zeros(5, int), truth)
    assert commonest_share(part) == 0.75
    assert commonest_set_share(part) == 0.5


def test_the_half_width_is_that_of_the_textbook_and_never_nothing():
    assert half_width(0.6, 400) == pytest.approx(0.048, abs=1e-4)
    assert half_width(1.0, 30) == pytest.approx(0.1)


def test_what_threshold_and_ranking_lose_adds_up_to_what_is_not_found(tmp_path):
    examined = examine(make_run(tmp_path, TAILED.documents(800, 1, range(60)), TAILED.documents(800, 2, range(60))))
    (finding,) = tail_gap(examined)
    part, counts = examined.measured, examined.labels.counts
    returned, listed, all_ = 0, 0, 0
    for row in range(len(part)):
        for label in part.truth[row].indices:
            if counts[label] < 100:
                all_ += 1
                returned += label in part.sets[row].indices
                listed += label in part.topk.indices[row]
    assert finding.evidence["pairs outside the head, returned"] == pytest.approx(returned / all_)
    assert finding.evidence["the same, in the lists"] == pytest.approx(listed / all_)


def test_exact_matches_are_counted_document_by_document(tmp_path):
    part = examine(make_run(tmp_path, TAILED.documents(300, 1), TAILED.documents(100, 2))).measured
    same = [
        set(part.sets[row].indices) == set(part.corpus.positives[row].indices)
        for row in range(len(part))
        if part.labelled[row]
    ]
    assert part.exact == pytest.approx(np.mean(same))
