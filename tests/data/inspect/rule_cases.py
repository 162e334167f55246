"""For each rule a data set with the fault, and one that comes close to it without having it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from manylabel.core.corpus import Corpus, Document
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.data.inspect.inspected import Inspected, UnseenScores
from manylabel.data.inspect.options import InspectOptions

LABELS = [f"t{letter}" for letter in "abcdef"]
SPACE = LabelSpace(LABELS, texts=[f"Topic {name}" for name in LABELS], closed=True)
CLOSE = InspectOptions(examples=1000)


def topic_words(label, n=30):
    return [f"{LABELS[label]}word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(n)]


COMMON = [f"common{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]


def documents(n, seed, *, weights=None, length=30, prefix="d"):
    """Documents of one or two topics; the words tell the topics, no single one does."""
    chance = np.random.default_rng(seed)
    made = []
    for row in range(n):
        labels = chance.choice(len(LABELS), 2 if chance.random() < 0.3 else 1, replace=False, p=weights)
        pool = [word for label in labels for word in topic_words(label)] + COMMON
        text = " ".join(chance.choice(pool, length))
        made.append(Document(text, tuple(LABELS[i] for i in labels), id=f"{prefix}{row:04d}"))
    return made


def corpus(made, space=SPACE, unknown_labels="keep"):
    return Corpus.from_documents(made, labels=space, unknown_labels=unknown_labels)


def look(train=None, test=None, space=SPACE, scores=None, options=CLOSE):
    """What is inspected: the fault in training or in test, everything else as it should be."""
    parts = {"train": corpus(train if train is not None else documents(300, 1), space)}
    parts["test"] = corpus(test if test is not None else documents(120, 2, prefix="e"), parts["train"].labels)
    return Inspected.of(parts, options, scores)


def changed(made, row, **values):
    return [replace(document, **values) if i == row else document for i, document in enumerate(made)]


def with_word(text, position, word):
    words = text.split()
    words[position] = word
    return " ".join(words)


@dataclass(frozen=True)
class Case:
    """One rule.

    Attributes:
        fault: makes a data set that has it.
        near_miss: makes one that almost has it.
        finds: whether the right things are named by the findings.
    """

    fault: Callable
    near_miss: Callable
    finds: Callable


def ids_of(finding):
    """The documents of all examples, each example's as a set."""
    groups = [example.get("documents", [example]) for example in finding.examples]
    return [{document["id"] for document in group} for group in groups]


def labels_of(finding):
    return {example["label"].split(" ")[0] for example in finding.examples}


# -- duplicates and contradictions ----------------------------------------------------------------------------------

TRAIN, TEST = documents(300, 1), documents(120, 2, prefix="e")


def twice(made, row, **values):
    return [*made, replace(made[row], id="twin", **values)]


def exact():
    return look(twice(TRAIN, 7))


def other_case():
    return look(twice(TRAIN, 7, text=TRAIN[7].text.upper()))  # a near duplicate, not an exact one


def near():
    return look(twice(TRAIN, 7, text=with_word(TRAIN[7].text, -1, "another")))


def half_alike():
    words, others = TRAIN[7].text.split(), TRAIN[8].text.split()
    return look(twice(TRAIN, 7, text=" ".join(words[:18] + others[18:])))


def across():
    """One equal text, whose near twin is in training as well, and one nearly equal."""
    test = changed(TEST, 3, text=TRAIN[7].text)
    test = changed(test, 4, text=with_word(TRAIN[9].text, 0, "another"))
    return look(twice(TRAIN, 7, text=with_word(TRAIN[7].text, -1, "another")), test)


def contradictory():
    wrong = tuple(name for name in LABELS if name not in TRAIN[7].labels)[:1]
    return look(twice(TRAIN, 7, labels=wrong))


# -- missing labels -------------------------------------------------------------------------------------------------

PLANTED = tuple(range(0, 60, 4))


def answers(train, space=SPACE):
    """What a good model would say: the topics the words are of, surely; others, hardly."""
    names = [space.index(name) for name in LABELS]
    indices, scores = np.zeros((len(train), 3), np.int32), np.zeros((len(train), 3), np.float32)
    for row, document in enumerate(train):
        hits = np.array([sum(word.startswith(f"{name}word") for word in document.text.split()) for name in LABELS])
        order = np.argsort(-hits, kind="stable")[:3]
        indices[row] = np.array(names)[order]
        scores[row] = np.sort(np.where(hits[order] > 2, 0.9, 0.1) + 0.001 * np.arange(3)[::-1])[::-1]
    counts = np.bincount(corpus(train, space).positives.indices, minlength=len(space))
    return UnseenScores(np.arange(len(train)), TopK(indices, scores, "probability", space), counts)


def forgetful(rows=PLANTED):
    return [replace(made, labels=made.labels[1:]) if row in rows else made for row, made in enumerate(TRAIN)]


def missing():
    return look(forgetful(), scores=answers(TRAIN))


def parents_left_out():
    """Topic `ta` is a parent of all others and given nowhere else; models answer with it too."""
    parents = [() if name == "ta" else ("ta",) for name in LABELS]
    space = LabelSpace(LABELS, texts=SPACE.texts, parents=parents, closed=True)
    train = [replace(made, labels=tuple(n for n in made.labels if n != "ta") or ("ta",)) for made in TRAIN]
    return look(train, space=space, scores=answers(TRAIN, space))


# -- leaks ----------------------------------------------------------------------------------------------------------


def folders():
    return look([replace(made, id=f"{made.labels[0]}/{made.id}") for made in documents_of_one_label(TRAIN)])


def documents_of_one_label(made):
    return [replace(document, labels=document.labels[:1]) for document in made]


def mixed_folders():
    return look(
        [replace(made, id=f"{LABELS[i % 6]}/{made.id}") for i, made in enumerate(documents_of_one_label(TRAIN))]
    )


def coded(share):
    own, made = 0, []
    for document in TRAIN:
        text = document.text
        if "tc" in document.labels:
            own += 1
            text = with_word(text, 5, "q17x") if own % 100 < 100 * share else text
        made.append(replace(document, text=text))
    return look(made)


def named(share):
    made = [
        replace(document, text=f"{document.text} {' '.join(f'Topic {name}' for name in document.labels)}")
        if i % 100 < 100 * share
        else document
        for i, document in enumerate(TRAIN)
    ]
    return look(made)


def in_order():
    return look(sorted(TRAIN, key=lambda document: document.labels))


# -- drift ----------------------------------------------------------------------------------------------------------


def other_shares():
    return look(TRAIN, documents(120, 3, weights=[0.6, 0.08, 0.08, 0.08, 0.08, 0.08], prefix="e"))


def few_by_chance():
    return look(TRAIN, documents(12, 4, prefix="e"))


def other_words():
    test = [replace(made, text=with_word(with_word(made.text, 1, "zebra"), 2, "giraffe")) for made in TEST]
    return look(TRAIN, [replace(made, text=f"{made.text} zoo lion tiger bear ape") for made in test])


# -- labels ---------------------------------------------------------------------------------------------------------


def unseen():
    return look(TRAIN, changed(TEST, 3, labels=("brand-new",)))


def larger_file(*, used):
    space = LabelSpace([*LABELS, "tx"], texts=[*SPACE.texts, "Topic tx"], closed=True)
    return look(changed(TRAIN, 0, labels=("tx",)) if used else TRAIN, space=space)


def no_text():
    return look(space=LabelSpace(LABELS, texts=[*SPACE.texts[:-1], None], closed=True))


def no_label_file():
    return look(space=LabelSpace(LABELS))


def everywhere(share):
    space = LabelSpace([*LABELS, "all"], texts=[*SPACE.texts, "Everything"], closed=True)
    return look(
        [
            replace(made, labels=(*made.labels, "all")) if i % 100 < 100 * share else made
            for i, made in enumerate(TRAIN)
        ],
        space=space,
    )


def same_documents(n):
    space = LabelSpace([*LABELS, "one", "two"], texts=[*SPACE.texts, "One", "Two"], closed=True)
    return look(
        [replace(made, labels=(*made.labels, "one", "two")) if i < n else made for i, made in enumerate(TRAIN)],
        space=space,
    )


def uneven():
    space = LabelSpace([*LABELS, *[f"r{i}" for i in range(12)]], closed=False)
    return look(
        [
            *TRAIN,
            *[
                replace(TRAIN[i], id=f"r{i}", text=f"rare{i} {TRAIN[i].text[::-1]}", labels=(f"r{i}",))
                for i in range(12)
            ],
        ],
        space=space,
    )


CASES = {
    "exact-duplicates": Case(exact, other_case, lambda found: ids_of(found[0]) == [{"d0007", "twin"}]),
    "near-duplicates": Case(near, half_alike, lambda found: ids_of(found[0]) == [{"d0007", "twin"}]),
    "duplicates-across-parts": Case(
        across,
        exact,
        lambda found: (
            ids_of(found[0]) == [{"d0007", "e0003"}, {"d0009", "e0004"}]
            and (found[0].evidence["equal"], found[0].evidence["near"]) == (1, 1)
        ),
    ),
    "contradictory-labels": Case(contradictory, exact, lambda found: ids_of(found[0]) == [{"d0007", "twin"}]),
    "missing-labels": Case(
        missing,
        parents_left_out,
        lambda found: (
            {i for group in ids_of(found[0]) for i in group} == {f"d{row:04d}" for row in PLANTED}
            and all(
                TRAIN[int(example["documents"][0]["id"][1:])].labels[0] == example["label"].split(" ")[0]
                for example in found[0].examples
            )
        ),
    ),
    "leaking-ids": Case(folders, mixed_folders, lambda found: labels_of(found[0]) == set(LABELS)),
    "leaking-words": Case(
        lambda: coded(1.0),
        lambda: coded(0.5),
        lambda found: [(item["label"], item["word"]) for item in found[0].examples] == [("tc (Topic tc)", "q17x")],
    ),
    "label-names-in-text": Case(
        lambda: named(1.0),
        lambda: named(0.05),
        lambda found: found[0].severity == "serious" and labels_of(found[0]) == set(LABELS),
    ),
    "sorted-by-label": Case(in_order, look, lambda found: [item.evidence["part"] for item in found] == ["train"]),
    "label-drift": Case(other_shares, few_by_chance, lambda found: found[0].examples[0]["label"] == "ta (Topic ta)"),
    "text-drift": Case(
        other_words,
        few_by_chance,
        lambda found: {item["word"] for one in found for item in one.examples[:3]} <= ZOO and len(found) == 2,
    ),
    "unseen-labels": Case(
        unseen,
        lambda: look(changed(TRAIN, 3, labels=("brand-new",))),
        lambda found: labels_of(found[0]) == {"brand-new"},
    ),
    "unused-labels": Case(
        lambda: larger_file(used=False), lambda: larger_file(used=True), lambda found: labels_of(found[0]) == {"tx"}
    ),
    "labels-without-text": Case(no_text, no_label_file, lambda found: labels_of(found[0]) == {"tf"}),
    "few-test-documents": Case(
        few_by_chance, look, lambda found: found[0].evidence["part"] == "test" and found[0].evidence["labels"] >= 3
    ),
    "without-labels": Case(
        lambda: look(changed(TRAIN, 5, labels=())), look, lambda found: ids_of(found[0]) == [{"d0005"}]
    ),
    "empty-texts": Case(
        lambda: look(changed(TRAIN, 5, text=" .. ")),
        lambda: look(changed(TRAIN, 5, text="x")),
        lambda found: ids_of(found[0]) == [{"d0005"}],
    ),
    "ubiquitous-labels": Case(
        lambda: everywhere(0.97), lambda: everywhere(0.8), lambda found: labels_of(found[0]) == {"all"}
    ),
    "identical-labels": Case(
        lambda: same_documents(8),
        lambda: same_documents(3),
        lambda found: [item["labels"] for item in found[0].examples] == [["one (One)", "two (Two)"]],
    ),
    "imbalance": Case(uneven, look, lambda found: found[0].evidence["tail_labels"] == 12),
}
ZOO = {"zoo", "lion", "tiger", "bear", "ape", "zebra", "giraffe"}
