import hashlib
import json
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import Silent
from manylabel.data.generate import GeneratorConfig, LongTail, generate_corpus, write_generated
from manylabel.data.reading import read_labels

SMALL = GeneratorConfig(documents=3_000, labels=200, words_per_document=12, seed=7)


@pytest.fixture(scope="module")
def small():
    return generate_corpus(SMALL)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_sizes(small):
    train, test = small
    assert (len(train), len(test), train.n_labels, test.labels == train.labels) == (2_700, 300, 200, True)
    assert (train.positives.nnz + test.positives.nnz) / 3_000 == pytest.approx(3.0, rel=0.05)
    assert np.mean([len(text.split()) for text in train.texts]) == pytest.approx(12, rel=0.05)
    assert train.labels.counts is not None
    assert train.labels.counts.sum() == train.positives.nnz
    assert train.labels.n_documents == 2_700
    assert train.without_labels == train.empty_texts == 0


def test_files_hold_the_same_as_memory(small, tmp_path):
    made = write_generated(SMALL, tmp_path / "made")
    labels = read_labels(made.labels)
    for path, expected in zip((made.train, made.test), small, strict=True):
        read = Corpus.read(path, labels=labels)
        assert list(read.texts) == list(expected.texts)
        assert list(read.ids or ()) == list(expected.ids or ())
        assert (read.positives != expected.positives).nnz == 0
    assert labels == small[0].labels
    assert labels.texts == small[0].labels.texts
    assert labels.parents == small[0].labels.parents
    trained = int((small[0].positives.sum(axis=0) > 0).sum())
    pairs = sum(part.positives.nnz for part in small)
    assert made.counts == {"train": 2_700, "test": 300, "labels": 200, "training_labels": trained, "pairs": pairs}
    assert json.loads((made.folder / "source.json").read_text())["data"]["options"] == SMALL.model_dump()


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path):
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        write_generated(SMALL.with_values(seed=seed), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one")["train.jsonl"] != contents(tmp_path / "three")["train.jsonl"]


def test_documents_do_not_depend_on_how_they_are_read():
    data = LongTail(SMALL)
    whole = list(data.documents())
    cuts = [0, 1, 1023, 1024, 1025, 2600, 3000]
    assert [each for start, stop in pairwise(cuts) for each in data.documents(start, stop)] == whole
    indptr, indices = data.label_rows(1000, 2100)
    got = [tuple(map(data.label_name, indices[a:b])) for a, b in pairwise(indptr)]
    assert got == [document.labels for document in whole[1000:2100]]


def test_more_documents_extend_a_corpus():
    more = LongTail(SMALL.with_values(documents=5_000))
    for few, many in zip(LongTail(SMALL).documents(), more.documents(), strict=False):
        assert (few.text, few.labels) == (many.text, many.labels)


def test_the_recipe_has_not_changed():
    """If this fails, the same configuration gives another corpus than before: raise RECIPE, or mend the drawing."""
    state = hashlib.sha256()
    data = LongTail(GeneratorConfig(documents=50, labels=30, labels_per_document=2, words_per_document=6))
    for document in data.documents():
        state.update(f"{document.id} {document.text} {document.labels}\n".encode())
    for record in data.label_records():
        state.update(json.dumps(record).encode())
    assert state.hexdigest()[:16] == "b52c7222b0895431"


def test_label_frequencies_follow_zipf():
    for exponent in (0.7, 1.0):
        data = LongTail(GeneratorConfig(documents=60_000, labels=2_000, zipf=exponent))
        counts = np.sort(np.bincount(data.label_rows()[1], minlength=2_000))[::-1]
        chosen = np.arange(4, 1_000)  # above, labels cannot repeat within a document; below, counts are small
        slope = np.polyfit(np.log(chosen + 1), np.log(counts[chosen]), 1)[0]
        assert slope == pytest.approx(-exponent, abs=0.1)


def test_hierarchy_and_texts(small):
    labels = small[0].labels
    depth = {}
    for name, parents in zip(labels.names, labels.parents, strict=True):
        assert all(parent in depth for parent in parents)  # parents come first: no circles
        depth[name] = 1 + max((depth[parent] for parent in parents), default=0)
    assert max(depth.values()) == 3
    assert sum(not parents for parents in labels.parents) == SMALL.children
    for i, parents in enumerate(labels.parents):
        if parents:
            above = labels.text_of(labels.index(parents[0])).split()
            assert labels.text_of(i).split()[2] == above[0]


def test_the_words_of_a_label_are_in_its_documents(small):
    train = small[0]
    for label in np.argsort(-np.asarray(train.labels.counts))[[0, 10, 50]]:
        word = train.labels.text_of(int(label)).split()[0]
        has = np.array([word in text.split() for text in train.texts])
        of_label = train.positives[:, [label]].toarray().ravel()
        assert has[of_label].mean() > 5 * has[~of_label].mean()


def test_a_linear_model_learns_it_also_the_rare_labels():
    from sklearn.feature_extraction.text import TfidfVectorizer

    train, test = generate_corpus(GeneratorConfig(documents=2_000, labels=200, seed=1))
    vectoriser = TfidfVectorizer(sublinear_tf=True)
    x, y = vectoriser.fit_transform(train.texts), train.positives.astype(float)
    gram = (x @ x.T).toarray()
    gram[np.diag_indices_from(gram)] += 1.0
    scores = (vectoriser.transform(test.texts) @ x.T) @ np.linalg.solve(gram, y.toarray())  # ridge regression
    top = np.argsort(-scores, axis=1)[:, :5]
    truth = test.positives.toarray()
    counts = np.asarray(train.labels.counts)
    assert truth[np.arange(len(truth)), top[:, 0]].mean() > 0.8
    assert truth[:, counts.argmax()].mean() < 0.5  # the most frequent label alone does not do it
    found = np.zeros_like(truth)
    np.put_along_axis(found, top, True, axis=1)
    rare = (counts > 0) & (counts < 10)
    assert rare.sum() > 30
    assert (found & truth)[:, rare].sum() / truth[:, rare].sum() > 0.3


def test_signal_is_the_share_of_label_words():
    silent = generate_corpus(SMALL.with_values(signal=0.0))[0]
    own = silent.labels.text_of(int(np.argmax(silent.labels.counts))).split()[0]
    assert np.mean([own in text.split() for text in silent.texts]) < 0.05


@pytest.mark.parametrize(
    "values",
    [
        {"labels": 1, "labels_per_document": 1, "documents": 10},
        {"labels": 2, "labels_per_document": 1, "documents": 2, "test_share": 0.5},
        {"labels": 3, "labels_per_document": 1.5, "documents": 1, "test_share": 0, "words_per_document": 1},
        {"labels": 50, "words_per_label": 1, "vocabulary": 100, "signal": 1.0, "documents": 20},
        {"labels": 50, "zipf": 0, "co_occurrence": 1.0, "documents": 20, "children": 2},
    ],
)
def test_small_corpora(values, tmp_path):
    made = write_generated(GeneratorConfig(**values), tmp_path / "made")
    assert made.test.exists() == (made.counts["test"] > 0)
    train = Corpus.read(made.train, labels=read_labels(made.labels))
    assert len(train) == made.counts["train"]
    assert train.without_labels == train.empty_texts == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"labels": 4, "labels_per_document": 2.5}, "at most half of the 4 labels"),
        ({"documents": 4, "test_share": 0.1}, "without documents"),
        ({"documents": 2, "test_share": 0.9}, "without documents"),
        ({"label": 4}, "labels"),
        ({"zipf": -1}, "zipf"),
        ({"vocabulary": 10}, "vocabulary"),
    ],
)
def test_configurations_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        GeneratorConfig.parse(values)


class Counting(Silent):
    def __init__(self):
        self.done = {}

    @contextmanager
    def task(self, description, total):
        seen = self.done[description] = [total]
        yield seen.append


def test_progress_counts_everything(tmp_path):
    progress = Counting()
    write_generated(SMALL, tmp_path, progress)
    assert {name: (total, sum(steps)) for name, (total, *steps) in progress.done.items()} == {
        "drawing documents": (3_000, 3_000),
        "writing labels": (200, 200),
    }


def test_an_interruption_leaves_nothing(tmp_path):
    class Interrupt(Silent):
        @contextmanager
        def task(self, description, total):
            if description == "writing labels":
                raise KeyboardInterrupt
            yield lambda units: None

    with pytest.raises(KeyboardInterrupt):
        write_generated(SMALL, tmp_path / "new" / "made", Interrupt())
    assert list(tmp_path.iterdir()) == []


def test_other_data_is_not_overwritten(tmp_path):
    write_generated(SMALL, tmp_path)
    before = contents(tmp_path)
    assert write_generated(SMALL, tmp_path).cached
    with pytest.raises(InputError, match="--overwrite"):
        write_generated(SMALL.with_values(seed=8), tmp_path)
    assert contents(tmp_path) == before
    assert not write_generated(SMALL.with_values(seed=8, test_share=0.0), tmp_path, overwrite=True).cached
    assert contents(tmp_path)["train.jsonl"] != before["train.jsonl"]
