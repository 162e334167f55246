from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix, load_npz, save_npz

from manylabel.core.corpus import Corpus, Document
from manylabel.core.errors import InputError
from manylabel.data.reading import read_corpus, read_documents, read_texts, write_documents


def folder(path, texts, matrix, names=None, part="trn"):
    path.mkdir(exist_ok=True)
    (path / f"X.{part}.txt").write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    save_npz(path / f"Y.{part}.npz", matrix)
    if names is not None:
        (path / "output-items.txt").write_text("".join(name + "\n" for name in names), encoding="utf-8")
    return path


def read(path, **options):
    return [(d.text, d.labels, d.line) for d in read_documents(path, **options)]


def test_written_by_others(tmp_path):
    matrix = csr_matrix(np.array([[0, 0.5, 1], [0, 0, 0], [-1, 0, 2]], dtype=np.float32))
    path = folder(tmp_path / "d", ["a", "", "c"], matrix, ["first", "second label", "third"])
    assert read(path) == [("a", ("second label", "third"), 1), ("", (), 2), ("c", ("third",), 3)]
    (path / "output-items.txt").rename(path / "Y.txt")
    assert read(path)[0][1] == ("second label", "third")
    (path / "Y.txt").unlink()
    assert read(path)[0][1] == ("1", "2")


def test_other_sparse_shapes_and_parts(tmp_path):
    path = folder(tmp_path / "d", ["a"], coo_matrix(np.array([[0, 1]])), part="tst")
    assert read(path, part="test") == [("a", ("1",), 1)]
    with pytest.raises(InputError, match=r"X\.trn\.txt|Y\.trn\.npz"):
        read(path)


def test_lengths_must_agree(tmp_path):
    matrix = csr_matrix(np.eye(2))
    with pytest.raises(InputError, match=r"X\.trn\.txt:3: more lines than the 2 rows of Y\.trn\.npz"):
        read(folder(tmp_path / "a", ["a", "b", "c"], matrix))
    with pytest.raises(InputError, match=r"X\.trn\.txt: 1 lines for the 2 rows"):
        read(folder(tmp_path / "b", ["a"], matrix))
    with pytest.raises(InputError, match=r"Y\.trn\.npz: has 2 columns, the label file 1 lines"):
        read(folder(tmp_path / "c", ["a", "b"], matrix, ["only"]))


def test_texts_need_no_matrix(tmp_path):
    path = folder(tmp_path / "d", ["a", "b"], csr_matrix(np.eye(2)))
    (path / "Y.trn.npz").write_bytes(b"")
    assert [d.text for d in read_texts(path)] == ["a", "b"]
    with pytest.raises(InputError, match=r"Y\.trn\.npz: is not a sparse matrix of scipy"):
        read(path)
    (path / "Y.trn.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(InputError, match=r"Y\.trn\.npz: is not a sparse matrix of scipy"):
        read(path)


def test_pickled_objects_are_not_loaded(tmp_path):
    path = folder(tmp_path / "d", ["a"], csr_matrix(np.eye(1)))
    np.savez(path / "Y.trn.npz", format=np.array(b"csr"), data=np.array([object()], dtype=object))
    with pytest.raises(InputError, match="is not a sparse matrix of scipy"):
        read(path)


def test_parts_share_their_numbers(tmp_path):
    write_documents([Document("a", ("x", "y"))], tmp_path / "d", "pecos")
    write_documents([Document("b", ("z", "x"))], tmp_path / "d", "pecos", part="test")
    assert (tmp_path / "d" / "output-items.txt").read_text().split() == ["x", "y", "z"]
    assert read(tmp_path / "d") == [("a", ("x", "y"), 1)]
    assert read(tmp_path / "d", part="test") == [("b", ("x", "z"), 1)]


def test_written_matrix_has_the_whole_label_space(tmp_path):
    corpus = Corpus.from_texts(["a", "b"], [["x"], ["z", "y"]])
    test = Corpus.from_texts(["c"], [["y"]], space=corpus.labels)
    test.write(tmp_path / "d", format="pecos")
    matrix = load_npz(tmp_path / "d" / "Y.trn.npz")
    assert matrix.shape == (1, 3)
    assert matrix.dtype == np.float32
    assert read_corpus(tmp_path / "d").labels_of(0) == ["y"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document("a\nb", ("x",)), "a line end in its text"),
        (Document("a", ("x",), "1"), "an id, for which this format has no place .*ids=False"),
        (Document("a", ("x",), None, {"lang": "de"}), "further fields"),
    ],
)
def test_refused_while_writing(document, message, tmp_path):
    with pytest.raises(InputError, match=f"document 2 has {message}"):
        write_documents([Document("a"), document], tmp_path / "d", "pecos")
    with pytest.raises(InputError, match=r"label 'x.*y' cannot stand on a line"):
        write_documents([Document("a", ("x\ny",))], tmp_path / "d", "pecos")
    assert list(tmp_path.iterdir()) == []


def test_ids_can_be_left_out(tmp_path):
    write_documents([Document("a", ("x",), "1")], tmp_path / "d", "pecos", ids=False)
    assert read(tmp_path / "d") == [("a", ("x",), 1)]
