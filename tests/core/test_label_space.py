"""The label space: order, extension, digest, and JSON Lines that carry any name."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace

# Every character there is, lone surrogates too; not a high one before a low one, which JSON reads as one character.
TEXT = st.text(st.characters(), max_size=12) | st.text(
    st.characters(exclude_categories=(), exclude_characters="".join(map(chr, range(0xD800, 0xDC00)))), max_size=12
)


@st.composite
def spaces(draw):
    names = draw(st.lists(TEXT, unique=True, max_size=6))
    length = len(names)

    def column(values):
        return draw(st.none() | st.lists(values, min_size=length, max_size=length))

    counts = column(st.integers(0, 2**40))
    return LabelSpace(
        names,
        texts=column(st.none() | TEXT.filter(bool)),
        alternatives=column(st.lists(TEXT, max_size=3).map(tuple)),
        parents=column(st.lists(TEXT, max_size=3).map(tuple)),
        counts=None if counts is None else np.array(counts, np.int64),
        n_documents=draw(st.none() | st.integers(0, 10**9)),
        closed=draw(st.booleans()),
    )


def columns_of(space):
    """All that is known, in a form to compare: columns without any entry count as absent."""
    return {
        "names": list(space.names),
        "texts": [t or None for t in space.texts or [None] * len(space)],
        "alternatives": [tuple(a) for a in space.alternatives or [()] * len(space)],
        "parents": [tuple(p) for p in space.parents or [()] * len(space)],
        "counts": None if space.counts is None or not len(space) else space.counts.tolist(),
        "n_documents": space.n_documents,
        "closed": space.closed,
    }


@given(spaces())
@example(LabelSpace(["a\nb", "c\u2028d", "e\x85f\x00", "\ufeffg", "\udcff", " ", ""]))
def test_jsonl_round_trip(tmp_path_factory, space):
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    path.write_text(space.to_jsonl(), encoding="utf-8", newline="\n")
    read = LabelSpace.from_jsonl(path)
    assert columns_of(read) == columns_of(space)
    assert read == space
    assert read.digest() == space.digest()


def test_every_label_is_one_line():
    assert LabelSpace(["a\nb", "c\rd", "e"]).to_jsonl().count("\n") == 4


def test_extended_keeps_the_old_indices():
    space = LabelSpace(
        ["b", "a"],
        texts=["B", None],
        alternatives=[("bee",), ()],
        parents=[(), ("b",)],
        counts=np.array([3, 4]),
        n_documents=5,
        closed=True,
    )
    more = space.extended(["z", "a", "c", "z"])
    assert list(more.names) == ["b", "a", "z", "c"]
    assert [more.index(name) for name in more] == [0, 1, 2, 3]
    assert list(more.texts) == ["B", None, None, None]
    assert list(more.alternatives) == [("bee",), (), (), ()]
    assert list(more.parents) == [(), ("b",), (), ()]
    assert more.counts.tolist() == [3, 4, 0, 0]
    assert more.n_documents == 5
    assert more.closed
    assert space.extended(["a", "b"]) is space
    assert len(space) == 2
    assert "z" not in space


def test_the_digest_knows_order_and_borders():
    digests = {LabelSpace(names).digest() for names in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["ab"], [], ["ab", ""])}
    assert len(digests) == 6
    assert LabelSpace(["ab", "c"], texts=["x", None]).digest() == LabelSpace(("ab", "c")).digest()


def test_names_are_distinct_and_columns_fit():
    with pytest.raises(ValueError, match="distinct"):
        LabelSpace(["a", "b", "a"])
    with pytest.raises(ValueError, match="one entry for each of the 2 labels, got 1"):
        LabelSpace(["a", "b"], texts=["x"])


def test_other_names_mean_another_index():
    space = LabelSpace(["a", "b"])
    renamed = replace(space, names=["b", "c"])
    assert renamed.index("b") == 0
    assert "a" not in renamed


def test_look_up():
    space = LabelSpace(["a", "b"], texts=["first", ""])
    assert space.index("b") == 1
    assert space.get("c") == -1
    assert space.get("c", 7) == 7
    with pytest.raises(KeyError):
        space.index("c")
    assert space.names_of(np.array([1, 0])) == ["b", "a"]
    assert [space.text_of(i) for i in range(2)] == ["first", "b"]
    assert space != LabelSpace(["b", "a"])
    assert space != ["a", "b"]


def test_hierarchy_leaves_out_parents_from_elsewhere():
    space = LabelSpace(["a", "b", "c"], parents=[(), ("a", "x"), ("b", "a", "a")])
    assert space.hierarchy.toarray().tolist() == [[False] * 3, [True, False, False], [True, True, False]]
    assert LabelSpace(["a"]).hierarchy.nnz == 0


def test_counts_are_those_of_the_matrix():
    positives = csr_matrix(np.array([[1, 0, 1], [1, 0, 0]], dtype=bool))
    space = LabelSpace(["a", "b", "c"]).with_counts(positives)
    assert space.counts.tolist() == [2, 0, 1]
    assert space.counts.dtype == np.int64
    assert space.n_documents == 2


GOOD_HEAD = '{"labels": 1, "documents": null, "closed": false}\n'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "[]\n",
        '{"labels": 1}\n{"label": "a"}\n',
        GOOD_HEAD,
        GOOD_HEAD + "x\n",
        GOOD_HEAD + '["a"]\n',
        GOOD_HEAD + '{"text": "a"}\n',
        GOOD_HEAD + '{"label": 7}\n',
        GOOD_HEAD + '{"label": ["a"]}\n',
        GOOD_HEAD + '{"label": "a", "parents": "b"}\n',
        GOOD_HEAD + '{"label": "a", "alt": [1]}\n',
        GOOD_HEAD + '{"label": "a", "text": 3}\n',
        GOOD_HEAD + '{"label": "a", "documents": 1e400}\n',
        GOOD_HEAD + '{"label": "a", "documents": -1}\n',
        GOOD_HEAD + '{"label": "a", "documents": 99999999999999999999999}\n',
        GOOD_HEAD + "[" * 100_000 + "\n",
        '{"labels": 2, "documents": null, "closed": false}\n{"label": "a"}\n{"label": "a"}\n',
        '{"labels": 2, "documents": null, "closed": false}\n{"label": "a", "documents": 1}\n{"label": "b"}\n',
        '{"labels": 1, "documents": "many", "closed": false}\n{"label": "a"}\n',
    ],
)
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "labels.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"labels\.jsonl: ") as caught:
        LabelSpace.from_jsonl(path)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_missing_files(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match=r"labels\.jsonl"):
        LabelSpace.from_jsonl(path)
    with pytest.raises(InputError, match="cannot be read"):
        LabelSpace.from_jsonl(tmp_path / "absent.jsonl")
