"""Every rule has a case with its fault, which it finds, and one without, where it is silent."""

import json
from dataclasses import replace

import numpy as np
import pytest
from doctor_cases import (
    COMMON,
    HEALTHY,
    TAILED,
    World,
    epochs,
    healthy,
    make_run,
    shuffled_labels,
    unsteady,
)

from manylabel.core.finding import SEVERITIES
from manylabel.report.doctor import RULES
from manylabel.report.doctor.diagnosis import diagnose
from manylabel.report.doctor.examined import CannotLookError
from manylabel.report.doctor.reading import examine
from manylabel.report.doctor.rendering import render
from manylabel.runs.config import parse_config

GOOD = epochs(
    train_loss=[0.9, 0.5, 0.35, 0.3, 0.28, 0.27],
    validation_loss=[0.9, 0.55, 0.4, 0.36, 0.35, 0.345],
    train_micro_F1=[0.3, 0.6, 0.75, 0.8, 0.812, 0.815],
    validation_micro_F1=[0.3, 0.58, 0.7, 0.76, 0.77, 0.775],
)


def with_reproduction(folder):
    path = healthy(folder)
    shuffled_labels(path)
    return examine(path)


def with_mismatch(folder):
    test = HEALTHY.documents(800, 2)
    names = [document["labels"] for document in test]
    for document, labels in zip(test, names[-1:] + names[:-1], strict=True):
        document["labels"] = labels
    clean = replace(HEALTHY, wrong=0.1)
    return examine(make_run(folder, clean.documents(800, 1), test))


def with_shared_documents(folder):
    train = HEALTHY.documents(600, 1)
    test = [{**document, "text": document["text"].upper() + " "} for document in train[:100]]
    return examine(make_run(folder, train, test + HEALTHY.documents(700, 2)))


def with_too_good(folder):
    world = replace(HEALTHY, wrong=0.0)
    return examine(make_run(folder, world.documents(600, 1), world.documents(600, 2)))


def with_deciding_term(folder):
    train = HEALTHY.documents(800, 1)
    for document in train:
        document["text"] += f" sig{ord(document['labels'][0][-1])}"
    return examine(make_run(folder, train, HEALTHY.documents(400, 2)))


def with_constant_answer(folder):
    world = World(np.array([6, 1, 1, 1, 1]), own=0)
    return examine(make_run(folder, world.documents(300, 1), world.documents(300, 2)))


def with_same_labels(folder):
    world = World(np.array([3, 1, 1, 1, 1, 1, 1, 1]), wrong=0.2)
    test = [{**document, "text": "quite other words"} for document in world.documents(300, 2)]
    return examine(make_run(folder, world.documents(400, 1), test))


def with_exact_match(folder):
    world = World(np.ones(13), wrong=0.3, most=3)
    history = epochs(train_accuracy=[0.2, 0.4, 0.5], validation_accuracy=[0.2, 0.35, 0.45])
    return examine(make_run(folder, world.documents(600, 1), world.documents(400, 2), history=history))


def with_overfitting(folder):
    world = World(np.ones(12), own=4, wrong=0.5)
    return examine(make_run(folder, world.documents(300, 1), world.documents(300, 2)))


def with_underfitting(folder):
    chance = np.random.default_rng(0)
    world = World(np.ones(6), own=0)
    train, test = (
        [{**document, "text": str(chance.choice(COMMON[:3]))} for document in world.documents(500, seed)]
        for seed in (1, 2)
    )
    return examine(make_run(folder, train, test))


def with_tail(folder):
    return examine(make_run(folder, TAILED.documents(800, 1, range(60)), TAILED.documents(800, 2, range(60))))


def with_history(**series):
    def make(folder):
        return examine(make_run(folder, HEALTHY.documents(200, 1), HEALTHY.documents(200, 2), history=epochs(**series)))

    return make


def with_set(*overrides):
    return lambda folder: examine(healthy(folder), overrides=overrides)


FAULTS = {
    "reproduction": with_reproduction,
    "steadiness": lambda folder: unsteady(healthy(folder), "twice"),
    "mismatch": with_mismatch,
    "shared-documents": with_shared_documents,
    "too-good": with_too_good,
    "deciding-term": with_deciding_term,
    "constant-answer": with_constant_answer,
    "same-labels": with_same_labels,
    "empty-sets": with_set("evaluate.threshold=0.6"),
    "threshold": with_set("evaluate.threshold=-0.9"),
    "exact-match": with_exact_match,
    "overfitting": with_overfitting,
    "underfitting": with_underfitting,
    "plateau": with_history(
        train_micro_F1=[0.5, 0.6, 0.7, 0.8, 0.9, 0.95], validation_micro_F1=[0.5, 0.6, 0.6, 0.602, 0.601, 0.6]
    ),
    "unstable-loss": with_history(
        train_loss=[1.0, 0.5, 4.0, 0.5, 0.4],
        validation_micro_F1=[0.2, 0.3, 0.3, 0.3, 0.4],
        gradient_norm=[1, 1, 30, 1, 1],
    ),
    "tail-gap": with_tail,
    "never-predicted": with_tail,
    "small-test": lambda folder: examine(make_run(folder, HEALTHY.documents(300, 1), HEALTHY.documents(60, 2))),
    "rare-labels": with_tail,
}


def test_every_rule_has_a_case():
    assert set(FAULTS) == set(RULES)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run without any of the faults, with a history."""
    return examine(healthy(tmp_path_factory.mktemp("sound"), history=GOOD))


@pytest.mark.parametrize("rule", RULES)
def test_it_is_silent_where_all_is_well(rule, sound):
    assert RULES.load(rule)(sound) == []


@pytest.mark.parametrize("rule", RULES)
def test_it_finds_its_fault_and_says_what_to_do(rule, tmp_path):
    examined = FAULTS[rule](tmp_path)
    (finding, *_) = RULES.load(rule)(examined)
    assert finding.rule == rule
    assert finding.severity in SEVERITIES
    assert finding.evidence
    for sentence in (finding.what, finding.why, finding.advice):
        assert sentence.endswith(".")
        assert "  " not in sentence
        assert "nan" not in sentence.split()
    assert any(character.isdigit() for character in finding.what)
    json.dumps(finding.to_dict(), allow_nan=False)
    assert_settings_exist(examined, finding.settings)


def assert_settings_exist(examined, settings):
    """Each can be trained or measured with, and changes something."""
    values = examined.run.config.model_dump(mode="json")
    for setting in settings:
        assert parse_config(values, [setting]) != examined.run.config, setting


@pytest.mark.parametrize("kind", ["linear-ovr", "linear-tree", "fused"])
def test_settings_fit_every_model(kind, tmp_path):
    """What would be tried for a purpose is known to the model at hand, and there is something to try."""
    from manylabel.report.doctor import settings

    world = replace(TAILED, shares=TAILED.shares[:12], names=TAILED.names[:12])
    small = ["model.ranker=reciprocal", "model.folds=2", "model.ablation=false"] if kind == "fused" else []
    examined = examine(
        make_run(tmp_path, world.documents(200, 1, range(12)), world.documents(80, 2), *small, model=kind)
    )
    for purpose in (settings.fit_less, settings.fit_more, settings.rank_rare_higher, settings.weigh_missed_labels):
        found = purpose(examined)
        assert found, purpose
        assert_settings_exist(examined, found)
    if kind == "fused":
        assert "remembers" in examined.trained


def test_what_cannot_be_looked_at_is_said_with_the_reason(tmp_path):
    path = make_run(tmp_path, HEALTHY.documents(200, 1), HEALTHY.documents(100, 2))
    (tmp_path / "train.jsonl").write_text('{"text": "other", "labels": ["tag000"]}\n')
    diagnosis = diagnose(examine(path))
    assert "has changed since" in diagnosis.not_looked["overfitting"]
    assert diagnosis.not_looked["plateau"] == "the history has no epochs"
    assert set(diagnosis.looked) | set(diagnosis.not_looked) == set(RULES)
    text = render(diagnosis)
    assert "Could not look at:" in text
    assert "the history has no epochs" in text


def test_nothing_found_says_so(sound):
    diagnosis = diagnose(sound)
    assert diagnosis.findings == ()
    assert diagnosis.not_looked == {}
    assert "Nothing found." in render(diagnosis)
    assert "Looked at: reproduction," in render(diagnosis)


def test_a_model_that_depends_on_its_batch_is_found(tmp_path):
    (finding,) = RULES.load("steadiness")(unsteady(healthy(tmp_path), "alone"))
    assert "among others" in finding.what


def test_feature_vectors_are_diagnosed_as_far_as_they_go(tmp_path):
    chance = np.random.default_rng(0)
    for name in ("train", "test"):
        lines = []
        for _ in range(120):
            label = chance.integers(4)
            lines.append(f"{label} {label + 1}:1 {chance.integers(6, 12)}:0.5")
        (tmp_path / f"{name}.svm").write_text("\n".join(lines) + "\n")
    from manylabel.runs.train import train_run

    files = {"train": str(tmp_path / "train.svm"), "test": str(tmp_path / "test.svm")}
    run = train_run(parse_config({"data": files, "model": "linear-ovr"}), tmp_path / "run").path
    examined = examine(run)
    diagnosis = diagnose(examined)
    assert "feature vectors" in diagnosis.not_looked["deciding-term"]
    assert "reproduction" in diagnosis.looked
    with pytest.raises(CannotLookError):
        examined.texts(examined.measured.corpus)


def test_a_decision_is_held_to_what_it_promised(tmp_path):
    """Fitted on documents with clear words, asked about documents with few of them."""
    from manylabel.runs.decide import Choice, decide_run

    clear, unclear = HEALTHY.documents(400, 3), replace(HEALTHY, own=1, wrong=0.0, noise=14).documents(400, 4)
    path = make_run(tmp_path, HEALTHY.documents(600, 1), clear)
    held_out = tmp_path / "held-out.jsonl"
    held_out.write_text("".join(json.dumps(document) + "\n" for document in HEALTHY.documents(400, 5)))
    decide_run(path, held_out, choice=Choice("global"), k=8)
    rule = RULES.load("threshold")
    examined = examine(path)
    assert examined.measured.evaluation.basis.label_sets == "decision global"
    assert rule(examined) == []
    today = tmp_path / "today.jsonl"
    today.write_text("".join(json.dumps(document) + "\n" for document in unclear))
    (finding,) = rule(examine(path, today))
    assert "decision global" in finding.what
    assert finding.evidence["micro-F1 now"] < finding.evidence["micro-F1 when it was fitted"] - 0.05


def test_a_loss_that_is_no_number_is_serious(tmp_path):
    path = healthy(tmp_path, history=epochs(train_loss=[1.0, 0.5, None], validation_P_1=[0.1, 0.2, 0.1]))
    (finding,) = RULES.load("unstable-loss")(examine(path))
    assert finding.severity == "serious"
    assert "From epoch 3 on" in finding.what


def test_swings_from_epoch_to_epoch_are_found(tmp_path):
    path = healthy(tmp_path, history=epochs(train_loss=[1.0, 0.6, 0.8, 0.55, 0.75, 0.5, 0.7]))
    (finding,) = RULES.load("unstable-loss")(examine(path))
    assert "up and down" in finding.what


def test_curves_that_end_while_they_rise_say_train_longer(tmp_path):
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    path = healthy(tmp_path, history=epochs(train_micro_F1=rising, validation_micro_F1=rising))
    (finding,) = RULES.load("underfitting")(examine(path))
    assert "more epochs" in finding.advice


def test_a_gap_in_the_curves_alone_is_the_fault_of_the_validation(tmp_path):
    path = healthy(tmp_path, history=epochs(train_accuracy=[0.5, 0.94], validation_accuracy=[0.07, 0.08]))
    (finding,) = RULES.load("mismatch")(examine(path))
    assert "94.0 %" in finding.what
    assert "8.0 %" in finding.what
    assert "the model is sound, and its validation is not" in finding.why
    assert "threshold" in diagnose(examine(path)).looked  # the scores are not in doubt


def test_contradicting_twins_and_foreign_labels_are_causes(tmp_path):
    clean = replace(HEALTHY, wrong=0.1)
    train = clean.documents(400, 1)
    names = [document["labels"] for document in train[:200]]
    turned = [{**document, "labels": own} for document, own in zip(train, names[7:] + names[:7], strict=False)]
    (finding,) = RULES.load("mismatch")(examine(make_run(tmp_path / "a", train, turned)))
    assert "have a label in common" in finding.why
    renamed = replace(clean, names=[f"other{i}" for i in range(7)] + ["tag007"])
    (finding,) = RULES.load("mismatch")(examine(make_run(tmp_path / "b", train, renamed.documents(300, 2))))
    assert "never seen in training" in finding.why


def test_a_handful_of_documents_is_no_evidence(tmp_path):
    clean = replace(HEALTHY, wrong=0.0)
    path = make_run(tmp_path, clean.documents(200, 1), clean.documents(15, 2))
    diagnosis = diagnose(examine(path))
    for rule in ("mismatch", "constant-answer", "same-labels", "overfitting", "underfitting", "threshold"):
        assert "too few to judge by" in diagnosis.not_looked[rule]
    (small,) = [finding for finding in diagnosis.findings if finding.rule == "small-test"]
    assert small.severity == "warning"  # although every one of the 15 is right


def test_a_label_that_truly_dominates_is_no_collapse(tmp_path):
    world = World(np.array([14, 1, 1, 1, 1, 1, 1]), own=6, wrong=0.2)
    examined = examine(make_run(tmp_path, world.documents(500, 1), world.documents(400, 2)))
    first = np.bincount(examined.measured.topk.indices[:, 0])
    assert first[0] > 0.6 * len(examined.measured)
    assert RULES.load("same-labels")(examined) == []
    assert RULES.load("constant-answer")(examined) == []


def test_a_model_saved_from_python_is_diagnosed_with_the_files_named(tmp_path):
    from manylabel import Corpus, LinearTree
    from manylabel.core.errors import InputError

    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    for file, documents in ((train, TAILED.documents(200, 1, range(60))), (test, TAILED.documents(60, 2))):
        file.write_text("".join(json.dumps(document) + "\n" for document in documents))
    LinearTree().fit(Corpus.read(train)).save(tmp_path / "run")
    alone = diagnose(examine(tmp_path / "run", test))
    assert "does not name its training documents" in alone.not_looked["overfitting"]
    assert "config.yaml --data FILE --run NEW" in render(alone)
    assert "overfitting" in diagnose(examine(tmp_path / "run", test, train)).looked
    with pytest.raises(InputError, match=r"test\.jsonl: is not what .* was trained on"):
        examine(tmp_path / "run", test, test)
