from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys

import pytest

from manylabel.core.errors import InputError, MissingExtraError
from manylabel.data.formats import streams
from manylabel.data.formats.streams import compression_of, extension_of, open_output, read_lines, replaced_file

TEXT = "".join(f"line {i} äöü 😀\n" for i in range(20000))


def compress(kind, data: bytes) -> bytes:
    if kind == "zst":
        return pytest.importorskip("zstandard").ZstdCompressor().compress(data)
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](data)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_written_and_read_back(kind, tmp_path):
    if kind == "zst":
        pytest.importorskip("zstandard")
    path = tmp_path / f"f.jsonl.{kind}"
    with open_output(path) as output:
        for line in TEXT.splitlines():
            output.write(line)
    assert path.stat().st_size < len(TEXT.encode()) / 3
    assert "".join(line for _, line in read_lines(path)) == TEXT


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_written_by_others(kind, tmp_path):
    whole = TEXT.encode()
    half = len(whole) // 2  # tools write several members or frames in one file
    path = tmp_path / f"f.{kind}"
    path.write_bytes(compress(kind, whole[:half]) + compress(kind, whole[half:]))
    assert "".join(line for _, line in read_lines(path)) == TEXT


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_content_counts_not_the_name(kind, tmp_path):
    misnamed, plain = tmp_path / "f.jsonl", tmp_path / f"g.jsonl.{kind}"
    misnamed.write_bytes(compress(kind, b"a\nb\n"))
    plain.write_bytes(b"a\nb\n")
    assert list(read_lines(misnamed)) == list(read_lines(plain)) == [(1, "a\n"), (2, "b\n")]


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("keep", [0.3, 0.9, -1])
def test_truncated(kind, keep, tmp_path):
    data = compress(kind, TEXT.encode())
    path = tmp_path / f"f.{kind}"
    path.write_bytes(data[: int(len(data) * keep)] if keep > 0 else data[:-1])
    with pytest.raises(InputError, match=r"f\.\w+:.*damaged or ends too early.*copy"):
        list(read_lines(path))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_flipped_bytes(kind, tmp_path):
    data = bytearray(compress(kind, TEXT.encode()))
    for i in range(len(data) // 2, len(data) // 2 + 40):
        data[i] ^= 0xFF
    (tmp_path / "f").write_bytes(bytes(data))
    with pytest.raises(InputError):
        list(read_lines(tmp_path / "f"))


def test_without_zstandard(tmp_path, monkeypatch):
    path = tmp_path / "f.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r"manylabel\[zst\]"):
        list(read_lines(path))
    with pytest.raises(MissingExtraError, match="zstandard"), open_output(tmp_path / "out.zst"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["f.zst"]


def test_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("gut\nschön\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.txt:2: is not UTF-8: byte 0xf6 at 4 .*iconv -f ISO-8859-1"):
        list(read_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_recognised(encoding, tmp_path):
    path = tmp_path / "wide.txt"
    path.write_bytes("\ufefftext\n".encode(encoding))
    with pytest.raises(InputError, match=r"wide\.txt:1: is UTF-16 .*iconv -f UTF-16"):
        list(read_lines(path))


def test_byte_order_mark_is_left_out_once(tmp_path):
    path = tmp_path / "f"
    path.write_bytes("\ufeffa\n\ufeffb\n".encode())
    assert list(read_lines(path)) == [(1, "a\n"), (2, "\ufeffb\n")]


def test_only_newlines_end_lines(tmp_path):
    path = tmp_path / "f"
    path.write_bytes("a\x0bb\x0cc\x85d\u2028e\rf\n".encode())
    assert list(read_lines(path)) == [(1, "a\x0bb\x0cc\x85d\u2028e\rf\n")]


def test_missing_directory_and_unreadable(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        list(read_lines(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="is a directory"):
        list(read_lines(tmp_path))


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b"a\nb"))))
    assert list(read_lines("-")) == [(1, "a\n"), (2, "b")]


def test_output_is_the_same_each_time(tmp_path):
    for name in ("a.gz", "b.gz"):
        with open_output(tmp_path / name) as output:
            output.write("x")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def write_and_fail(path, beside=None):
    with open_output(path) as output:
        output.write("x")
        if beside is not None:
            beside.touch()
        raise RuntimeError


def test_nothing_is_left_after_an_error(tmp_path):
    with pytest.raises(RuntimeError):
        write_and_fail(tmp_path / "new" / "deep" / "f.gz")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_hold_something_stay_after_an_error(tmp_path):
    with pytest.raises(RuntimeError):
        write_and_fail(tmp_path / "new" / "f", beside=tmp_path / "new" / "other")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["other"]


def test_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")
    with open_output(path) as output:
        output.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new\n"


def test_cannot_write_over_a_directory_or_below_a_file(tmp_path):
    with pytest.raises(InputError, match="cannot be written: is a directory"), replaced_file(tmp_path):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"), replaced_file(tmp_path / "file" / "f"):
        pass


def test_disk_full(tmp_path, monkeypatch):
    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

    def write():
        with open_output(tmp_path / "f") as output:
            monkeypatch.setattr(output, "_stream", Full())
            output.write("x")

    with pytest.raises(InputError, match="No space left on device"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_lone_surrogate_is_refused(tmp_path):
    def write():
        with open_output(tmp_path / "f") as output:
            output.write("fine")
            output.write("\ud800")

    with pytest.raises(InputError, match=r"f:2: .*surrogate"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_names():
    assert [compression_of(name) for name in ("a.jsonl.gz", "a.XZ", "a.zst", "a.jsonl", "gz")] == [
        "gz", "xz", "zst", None, None,
    ]  # fmt: skip
    assert [extension_of(name) for name in ("a.jsonl.gz", "a.CSV", "a", "a.tsv", "b.gz")] == [
        "jsonl", "csv", "", "tsv", "",
    ]  # fmt: skip


def test_reads_in_pieces(tmp_path):
    # A reader that took the whole file at once would not stop at the first line.
    path = tmp_path / "f.gz"
    path.write_bytes(compress("gz", TEXT.encode() * 20)[:-100])
    lines = read_lines(path)
    assert next(lines) == (1, "line 0 äöü 😀\n")
    assert len(TEXT.encode()) > streams._BUFFER
    with pytest.raises(InputError):
        list(lines)
