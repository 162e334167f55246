"""The answers that a good colleague gives to four questions, from runs that show each of them."""

import four_cases
import pytest

from manylabel.core.run_directory import RunDirectory
from manylabel.report.doctor import RESTING_ON_SCORES, ROOTS, RULES
from manylabel.report.doctor.diagnosis import diagnose
from manylabel.report.doctor.reading import examine
from manylabel.report.doctor.rendering import render


def answers(path):
    """The diagnosis, and the first finding of each rule."""
    examined = examine(path)
    diagnosis = diagnose(examined)
    found = {}
    for finding in diagnosis.findings:
        found.setdefault(finding.rule, finding)
    return examined, diagnosis, found


def test_validation_accuracy_stopped_at_60_percent(tmp_path):
    examined, _, found = answers(four_cases.stopped_at_60(tmp_path))
    assert examined.measured.exact == pytest.approx(0.60, abs=0.03)
    plateau = found["plateau"]
    assert "60.2 %" in plateau.what
    assert "4.8 points to each side" in plateau.what  # 1.96 standard errors of a share of 0.6 on 400 documents
    assert "commonest label set" in plateau.why
    assert plateau.evidence["accuracy of the commonest set"] < 0.3
    assert [plateau.advice.index(word) for word in ("linear model", "per label", "pretrained", "collect")] == sorted(
        plateau.advice.index(word) for word in ("linear model", "per label", "pretrained", "collect")
    )
    exact = found["exact-match"]
    assert exact.evidence["example-F1"] > exact.evidence["accuracy"] + 0.1
    assert found["overfitting"].evidence["best epoch"] == 5
    assert found["small-test"].evidence["documents"] == 400
    assert found["rare-labels"].evidence["labels"] == 13
    assert {item["label"] for item in found["rare-labels"].examples} <= set(four_cases.TAGS)


def test_weights_from_one_to_a_million_make_the_loss_jump(tmp_path):
    examined, diagnosis, found = answers(four_cases.jumping_loss(tmp_path))
    values = examined.measured.evaluation.values
    assert len(examined.labels) == 485
    assert values["micro-recall"] == pytest.approx(0.70, abs=0.03)
    assert values["macro-recall-supported"] == pytest.approx(0.45, abs=0.04)
    assert diagnosis.findings[0].rule == "unstable-loss"
    loss = found["unstable-loss"]
    assert "1,000,000" in loss.why
    for word in ("square root (1,000 to 1)", "logarithm (14 to 1)", "50 to 1", "--method per-label"):
        assert word in loss.advice
    gap = found["tail-gap"]
    assert "one threshold for all suits frequent labels" in gap.why
    assert gap.evidence["the same, in the lists"] > 0.9
    assert "--method per-label" in gap.advice
    assert found["threshold"].settings[0].startswith("evaluate.threshold=-")


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (four_cases.renumbered, ("renamed", "numbered anew")),
        (four_cases.shifted, ("shifted by 1 row",)),
        (four_cases.other_texts, ("of the words of the test part are known",)),
    ],
)
def test_training_94_validation_8_has_a_cause(case, words, tmp_path):
    _, diagnosis, found = answers(case(tmp_path))
    (first, *_) = diagnosis.findings
    assert (first.rule, first.severity) == ("mismatch", "serious")
    assert all(word in first.why for word in words)
    assert first.settings == ()
    assert "Mend the data first" in first.advice
    assert not set(found) & (RESTING_ON_SCORES - {"mismatch"})


def test_training_94_validation_8_may_be_learning_by_heart(tmp_path):
    _, _, found = answers(four_cases.by_heart(tmp_path))
    assert "120 training documents for 60 labels" in found["mismatch"].why
    assert found["mismatch"].settings


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (four_cases.labels_as_a_set, ("order of the labels has changed", "labels sorted by name", "a set")),
        (four_cases.other_vocabulary, ("vocabulary is not the one", "weights of other words")),
        (four_cases.new_weights, ("vocabulary is the one", "initialised anew")),
    ],
)
def test_the_saved_model_predicts_at_random(case, words, tmp_path):
    _, diagnosis, _ = answers(case(tmp_path))
    (first, *others) = diagnosis.findings
    assert (first.rule, first.severity) == ("reproduction", "serious")
    assert "96.5 %" in first.what or "94.1 %" in first.what
    for word in (*words, "versions of Python and of all libraries are those of the training"):
        assert word in first.why
    assert not {finding.rule for finding in others} & RESTING_ON_SCORES
    assert "mend reproduction first" in " ".join(render(diagnosis).split())


def test_other_versions_are_named(tmp_path):
    path = four_cases.labels_as_a_set(tmp_path)
    directory = RunDirectory.open(path)
    with directory.amend(versions={**directory.manifest["info"]["versions"], "numpy": "1.20.0"}):
        pass
    _, diagnosis, _ = answers(path)
    assert "numpy 1.20.0 then" in diagnosis.findings[0].why


def test_roots_come_before_what_rests_on_them():
    order = list(RULES)
    assert max(order.index(name) for name in ROOTS) < min(
        order.index(name) for name in RESTING_ON_SCORES - {"mismatch"}
    )
    assert set(order) >= RESTING_ON_SCORES
