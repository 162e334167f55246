from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manylabel.core.errors import InputError
from manylabel.data.formats import sparse_text
from manylabel.data.formats.sparse_text import pairs_text, read_header, read_rows


def rows(path, content, **options):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rows(path, **{"header": False, "labels": True, "first_index": 1, **options})


def listed(read):
    pairs = list(zip(read.indices.tolist(), read.values.tolist(), strict=True))
    return [
        (
            read.label_numbers[read.label_indptr[i] : read.label_indptr[i + 1]].tolist(),
            pairs[read.indptr[i] : read.indptr[i + 1]],
        )
        for i in range(len(read))
    ]


def test_rows(tmp_path):
    read = rows(tmp_path / "f", "1,3 1:0.5 7:2\n2\n 4:1e-2\n3:1\n\n-5,+6\t2:-1.25e+1  9:.5 \r\n10 1:3")
    assert listed(read) == [
        ([1, 3], [(0, 0.5), (6, 2.0)]),
        ([2], []),
        ([], [(3, pytest.approx(0.01))]),
        ([], [(2, 1.0)]),
        ([], []),
        ([-5, 6], [(1, -12.5), (8, 0.5)]),
        ([10], [(0, 3.0)]),
    ]


def test_without_labels_and_with_header(tmp_path):
    read = rows(tmp_path / "f", "2 9\n0:1 8:2\n\n", header=True, labels=False, first_index=0)
    assert listed(read) == [([], [(0, 1.0), (8, 2.0)]), ([], [])]
    assert read.first_line == 2
    assert read_header(tmp_path / "f", 2) == [2, 9]
    with pytest.raises(InputError, match=r"f:1: does not begin with a header of 3 whole numbers"):
        read_header(tmp_path / "f", 3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x 1:1", "a label that is not a whole number"),
        ("1, 1:1", "a label that is not a whole number"),
        ("1,,2 1:1", "a label that is not a whole number"),
        (",1 1:1", "a label that is not a whole number"),
        ("1.0 1:1", "a label that is not a whole number"),
        ("1 2 1:1", "a feature that is not index:value"),
        ("1 1:", "a feature that is not index:value"),
        ("1 :1", "a feature that is not index:value"),
        ("1 1:1:2", "a feature that is not index:value"),
        ("1 1.5:1", "a feature that is not index:value"),
        ("1 1:nan", "a feature that is not index:value"),
        ("1 1:inf", "a feature that is not index:value"),
        ("1 1:1e99", "a feature that is not index:value"),
        ("1 1:1e", "a feature that is not index:value"),
        ("1 1:-", "a feature that is not index:value"),
        ("1 1:1_0", "a feature that is not index:value"),
        ("1 1:0x1", "a feature that is not index:value"),
        ("1 qid:3 1:1", "a feature that is not index:value"),
        ("1 0:1", r"an index below the first one \(indices begin with 1 here; set zero_based"),
        ("1 2147483648:1", "an index of 2.31 or more"),
        ("1 99999999999999999999:1", "a feature that is not index:value"),
        ("ä 1:1", "a label that is not a whole number"),
    ],
)
def test_bad_rows_are_named(line, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        rows(tmp_path / "f", f"1 1:1\n{line}\n1 1:1\n")
    assert str(caught.value).startswith(f"{tmp_path / 'f'}:2: ")
    assert caught.value.remedy


def test_matrix(tmp_path):
    read = rows(tmp_path / "f", "1 3:1 1:2 2:0\n\n1 2:5\n")
    matrix = read.matrix(3, tmp_path / "f")
    assert matrix.toarray().tolist() == [[2, 0, 1], [0, 0, 0], [0, 5, 0]]
    assert matrix.nnz == 3
    assert matrix.has_sorted_indices
    assert matrix.dtype == np.float32
    with pytest.raises(InputError, match="f:1: has an index beyond the 2 columns"):
        read.matrix(2, tmp_path / "f")
    # the same index at the end of one row and the beginning of the next is no repetition
    assert rows(tmp_path / "g", "1 2:1\n1 2:5\n\n1 2:1\n").matrix(2, tmp_path / "g").nnz == 3
    with pytest.raises(InputError, match="f:3: has the same index twice"):
        rows(tmp_path / "f", "1 1:1\n1 1:1\n1 2:1 1:1 2:3\n").matrix(2, tmp_path / "f")


def test_lines_across_blocks(tmp_path, monkeypatch):
    content = "".join(f"{i},{i + 1} {i + 1}:{i}.5 {i + 1000}:1\n" for i in range(200)) + "7 1:1"
    whole = listed(rows(tmp_path / "f", content))
    monkeypatch.setattr(sparse_text, "_BLOCK_BYTES", 64)
    assert listed(rows(tmp_path / "f", content)) == whole
    assert len(whole) == 201
    with pytest.raises(InputError, match=":150: "):
        rows(tmp_path / "f", content.replace("149,150 ", "149,x "))


def test_damaged_compression(tmp_path):
    import gzip

    data = gzip.compress(b"1 1:1\n" * 10000)
    with pytest.raises(InputError, match="damaged or ends too early"):
        rows(tmp_path / "f.gz", data[:-20])


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=1, max_size=20))
@example([1.17549435e-38, 3.4028234663852886e38, 1e-45, -0.0, 1 / 3, 16777217.0, 0.1])
def test_every_float_reads_back(tmp_path_factory, values):
    array = np.array(values, np.float32)
    path = tmp_path_factory.mktemp("s") / "f"
    text = pairs_text(np.arange(len(array)), array, 1)
    read = rows(path, f"1 {text}\n")
    assert read.values.tolist() == array.tolist()
    assert read.indices.tolist() == list(range(len(array)))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e30", max_value="1e30"))
def test_decimals_are_read_as_python_reads_them(tmp_path_factory, number):
    read = rows(tmp_path_factory.mktemp("s") / "f", f"1 1:{number}\n".lower())
    expected = np.float32(float(number))
    assert math.isclose(float(read.values[0]), float(expected), rel_tol=2e-7, abs_tol=1e-44)
