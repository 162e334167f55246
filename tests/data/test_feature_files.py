from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import FeatureCorpus, holds_features, read_features, write_features
from manylabel.data.reading import convert, read_corpus


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def corpus(n=30, m=50, n_labels=12, seed=0):
    random = np.random.default_rng(seed)
    features = random_matrix(n, m, 0.2, "csr", np.float32, random)
    positives = csr_matrix(random_matrix(n, n_labels, 0.2, "csr", np.float32, random) > 0)
    features.sort_indices()
    positives.sort_indices()
    return FeatureCorpus(features, positives, LabelSpace([str(i) for i in range(n_labels)]))


def same(a, b):
    return (
        a.features.shape == b.features.shape
        and (a.features != b.features).nnz == 0
        and (a.positives != b.positives).nnz == 0
        and list(a.labels.names) == list(b.labels.names)
    )


@pytest.mark.parametrize("name", ["f.svm", "f.svm.gz", "f.txt", "f.txt.xz"])
def test_round_trip(name, tmp_path):
    whole = corpus()
    write_features(whole, tmp_path / name)
    read = read_features(tmp_path / name)
    assert same(read, whole)
    assert read.features.dtype == np.float32
    assert holds_features(tmp_path / name)


def test_first_lines_are_as_other_tools_write_them(tmp_path):
    small = FeatureCorpus(
        csr_matrix(np.array([[0.5, 0, 2], [0, 0, 0], [0, 1, 0]], np.float32)),
        csr_matrix(np.array([[1, 1], [0, 1], [0, 0]], bool)),
        LabelSpace(["0", "1"]),
    )
    write_features(small, tmp_path / "f.svm")
    assert (tmp_path / "f.svm").read_text() == "0,1 1:0.5 3:2\n1\n 2:1\n"
    write_features(small, tmp_path / "f.txt", "xmc_repository")
    assert (tmp_path / "f.txt").read_text() == "3 3 2\n0,1 0:0.5 2:2\n1\n 1:1\n"
    write_features(small, tmp_path / "g.svm", zero_based=True)
    assert (tmp_path / "g.svm").read_text() == "0,1 0:0.5 2:2\n1\n 1:1\n"
    assert same(read_features(tmp_path / "g.svm", zero_based=True), small)


def test_scikit_learn_reads_and_writes_the_same(tmp_path):
    from sklearn.datasets import dump_svmlight_file, load_svmlight_file

    whole = corpus()
    write_features(whole, tmp_path / "f.svm")
    features, labels = load_svmlight_file(str(tmp_path / "f.svm"), multilabel=True, dtype=np.float32, n_features=50)
    assert (features != whole.features).nnz == 0
    assert [sorted(map(int, own)) for own in labels] == [row.indices.tolist() for row in whole.positives]
    dump_svmlight_file(whole.features, whole.positives, str(tmp_path / "g.svm"), multilabel=True, zero_based=False)
    assert same(read_features(tmp_path / "g.svm", n_features=50), whole)


def test_labels_of_svmlight_are_in_numeric_order(tmp_path):
    read = read_features(put(tmp_path / "f.svm", "10,2 1:1\n2,2 1:1\n 1:1\n"))
    assert list(read.labels.names) == ["2", "10"]
    assert read.positives.toarray().tolist() == [[True, True], [True, False], [False, False]]
    assert read.without_labels == 1
    assert read.without_features == 0


def test_test_part_takes_labels_and_width_from_training(tmp_path):
    train = read_features(put(tmp_path / "train.svm", "1,3 2:1 5:1\n2 1:1\n"))
    path = put(tmp_path / "test.svm", "3,7 1:1\n1 3:2\n")
    test = read_features(path, labels=train.labels, n_features=train.n_features)
    assert test.n_features == 5
    assert list(test.labels.names) == ["1", "2", "3", "7"]
    assert test.positives.toarray().tolist() == [[0, 0, 1, 1], [1, 0, 0, 0]]
    closed = LabelSpace(train.labels.names, closed=True)
    with pytest.raises(InputError, match=r"test\.svm:1: label '7' is not in the label file .*--unknown-labels drop"):
        read_features(path, labels=closed)
    dropped = read_features(path, labels=closed, unknown_labels="drop")
    assert (dropped.dropped_labels, dropped.n_labels) == (1, 3)
    with pytest.raises(InputError, match=r"test\.svm:2: has a feature beyond the 2 of the training"):
        read_features(path, n_features=2)


def test_header_fixes_width_and_labels(tmp_path):
    read = read_features(put(tmp_path / "f.txt", "2 9 4\n1 0:1\n 3:1\n"))
    assert (read.features.shape, read.positives.shape) == ((2, 9), (2, 4))
    assert list(read.labels.names) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("2 9 4\n1 0:1\n", r"f\.txt:1: holds 1 rows, its header says 2 \(is the file complete"),
        ("1 9 4\n4 0:1\n", r"f\.txt:2: label 4 is not among the 4 of the header"),
        ("1 9 4\n-1 0:1\n", r"f\.txt:2: label -1 is not among"),
        ("2 9 4\n1 0:1\n1 9:1\n", r"f\.txt:3: has an index beyond the 9 columns"),
        ("1 9 4\n 0:1\n", r"f\.txt: no document has a label"),
    ],
)
def test_bad_bags_of_words(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_features(put(tmp_path / "f.txt", content))


def test_folder_of_a_bag_or_of_two_matrices(tmp_path):
    put(tmp_path / "a" / "eurlex_train.txt", "1 3 2\n0 0:1\n")
    put(tmp_path / "a" / "eurlex_test.txt", "1 3 2\n1 0:1\n")
    assert read_features(tmp_path / "a").positives.toarray().tolist() == [[True, False]]
    assert read_features(tmp_path / "a", part="test").positives.toarray().tolist() == [[False, True]]
    put(tmp_path / "b" / "trn_X_Xf.txt", "2 3\n0:1 2:0.5\n\n")
    put(tmp_path / "b" / "trn_X_Y.txt", "2 2\n1:1\n0:1\n")
    for path in (tmp_path / "b", tmp_path / "b" / "trn_X_Xf.txt"):
        read = read_features(path)
        assert read.features.toarray().tolist() == [[1, 0, 0.5], [0, 0, 0]]
        assert read.positives.toarray().tolist() == [[False, True], [True, False]]
    with pytest.raises(InputError, match="has no part 'test'"):
        read_features(tmp_path / "b", part="test")
    put(tmp_path / "b" / "trn_X_Y.txt", "1 2\n1:1\n")
    with pytest.raises(InputError, match=r"trn_X_Y\.txt: 1 rows for 2 documents"):
        read_features(tmp_path / "b")
    (tmp_path / "b" / "trn_X_Y.txt").unlink()
    with pytest.raises(InputError, match=r"has no label matrix trn_X_Y\.txt"):
        read_features(tmp_path / "b")


def test_names_that_are_no_numbers_are_refused(tmp_path):
    whole = corpus(n_labels=2)
    named = FeatureCorpus(whole.features, whole.positives, LabelSpace(["a", "01"]))
    with pytest.raises(InputError, match="the label 'a' is not a whole number"):
        write_features(named, tmp_path / "f.svm")
    with pytest.raises(InputError, match="labels are not called 0, 1, 2"):
        write_features(named, tmp_path / "f.txt")
    assert list(tmp_path.iterdir()) == []
    write_features(named.numbered(), tmp_path / "f.txt")
    assert same(read_features(tmp_path / "f.txt"), whole)


def test_texts_are_not_features_and_features_not_texts(tmp_path):
    texts = put(tmp_path / "f.jsonl", '{"text": "a", "labels": ["x"]}\n')
    assert not holds_features(texts)
    with pytest.raises(InputError, match="holds texts, not feature vectors"):
        read_features(texts)
    with pytest.raises(InputError, match="this format holds texts"):
        write_features(corpus(), tmp_path / "g.jsonl", "jsonl")
    with pytest.raises(InputError, match=r"holds feature vectors, not texts .*train on it"):
        read_corpus(put(tmp_path / "f.svm", "1 1:1\n"))


def test_svmlight_is_recognised_without_its_ending(tmp_path):
    assert read_features(put(tmp_path / "data.txt", "1,2 1:0.5\n")).n_labels == 2
    assert holds_features(put(tmp_path / "data", "1,2 1:0.5\n"))


def test_no_labels_at_all(tmp_path):
    path = put(tmp_path / "f.svm", " 1:1\n")
    with pytest.raises(InputError, match="no document has a label"):
        read_features(path)
    assert len(read_features(path, require_labels=False)) == 1


def test_convert_between_the_two(tmp_path):
    whole = corpus()
    write_features(whole, tmp_path / "f.txt")
    assert convert(tmp_path / "f.txt", tmp_path / "g.svm") == 30
    assert same(read_features(tmp_path / "g.svm", n_features=50, labels=whole.labels), whole)
    assert convert(tmp_path / "g.svm", tmp_path / "h.svm", write={"zero_based": True}) == 30
    assert convert(tmp_path / "h.svm", tmp_path / "i.svm", read={"zero_based": True}) == 30
    assert (tmp_path / "i.svm").read_text() == (tmp_path / "g.svm").read_text()
    with pytest.raises(ConfigError, match="feature vectors have no use for the option delimiter"):
        convert(tmp_path / "f.txt", tmp_path / "j.svm", write={"delimiter": ";"})
    with pytest.raises(InputError, match="is not in the label file"):
        convert(tmp_path / "g.svm", tmp_path / "j.svm", labels=LabelSpace(["0"], closed=True))
    assert not (tmp_path / "j.svm").exists()


def test_select_and_shape_checks():
    whole = corpus()
    part = whole.select([3, 1])
    assert len(part) == 2
    assert (part.features[0] != whole.features[3]).nnz == 0
    with pytest.raises(ValueError, match="12 labels"):
        FeatureCorpus(whole.features, whole.positives[:5], whole.labels)
