"""Files as streams: decompressed on reading, compressed on writing, and never left half-written."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
import uuid
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from manylabel.core.errors import InputError, MissingExtraError

Compression = Literal["gz", "bz2", "xz", "zst"]

STDIN = "-"
"""The name that stands for standard input."""

HEAD_BYTES = 65536

_MAGIC: dict[Compression, bytes] = {"gz": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00", "zst": b"\x28\xb5\x2f\xfd"}
_BZ2_BLOCK = b"1AY&"  # behind the four bytes that a text could begin with
_BUFFER = 1 << 18
_GZIP_LEVEL = 6  # Python's default of 9 takes three times as long for one percent


class _DamagedError(OSError):
    """Compressed data that ends early or makes no sense."""


DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, _DamagedError)
"""What reading damaged compressed data raises; :func:`open_bytes` turns it into an InputError."""


def compression_of(path: str | Path) -> Compression | None:
    """The compression that a file name asks for."""
    ending = Path(path).suffix.lower().lstrip(".")
    return cast(Compression, ending) if ending in _MAGIC else None


def extension_of(path: str | Path) -> str:
    """The ending of a file name, lower case and without dot, below that of a compression."""
    path = Path(path)
    return Path(path.stem if compression_of(path) else path.name).suffix.lower().lstrip(".")


# -- reading --------------------------------------------------------------------------------------------------------


@contextmanager
def open_bytes(path: str | Path) -> Iterator[io.BufferedReader]:
    """Open a file, decompressed if its content is compressed (whatever its name); ``-`` is standard input.

    Raises:
        InputError: missing, a directory, not readable, damaged.
        MissingExtraError: Zstandard data without the extra ``zst``.
    """
    with ExitStack() as stack:
        with _reported(path):
            raw = _standard_input() if str(path) == STDIN else stack.enter_context(Path(path).open("rb"))
            head = raw.peek(8)
            stream = _decompressed(raw, head, stack)
        try:
            yield stream
        except DAMAGE:
            raise _damaged(path, 0) from None


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines with their ends, which are ``\\n`` alone; a byte order mark is left out.

    Raises:
        InputError: not UTF-8 (with the line), damaged compression, or a file that cannot be opened.
    """
    with open_bytes(path) as stream:
        number = 0
        try:
            for raw in stream:
                number += 1
                if number == 1 and raw.startswith(codecs.BOM_UTF8):
                    raw = raw[len(codecs.BOM_UTF8) :]
                yield number, raw.decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(error, path, number) from None
        except DAMAGE:
            raise _damaged(path, number) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", path=path, line=number + 1) from None


def read_texts_of_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """As :func:`read_lines`, without the line ends (``\\n`` or ``\\r\\n``)."""
    for number, line in read_lines(path):
        yield number, line.removesuffix("\n").removesuffix("\r")


def head_of(path: Path) -> bytes:
    """The first 64 KiB of a file, decompressed and without byte order mark.

    Raises:
        InputError: empty, damaged, or a file that cannot be opened.
    """
    with open_bytes(path) as stream:
        head = stream.read(HEAD_BYTES)
    if not head.strip(b"\r\n\xef\xbb\xbf"):
        raise InputError("is empty", path=path, remedy="expected one object a line")
    return head.removeprefix(codecs.BOM_UTF8)


def _standard_input() -> io.BufferedReader:
    stream: Any = sys.stdin.buffer
    return stream if hasattr(stream, "peek") else io.BufferedReader(stream)


def _decompressed(raw: io.BufferedReader, head: bytes, stack: ExitStack) -> io.BufferedReader:
    stream: Any
    if head.startswith(_MAGIC["gz"]):
        stream = stack.enter_context(gzip.GzipFile(fileobj=raw))
    elif head.startswith(_MAGIC["bz2"]) and head[4:8] == _BZ2_BLOCK:
        stream = stack.enter_context(_Bz2Reader(raw))
    elif head.startswith(_MAGIC["xz"]):
        stream = stack.enter_context(lzma.LZMAFile(raw))  # noqa: SIM115
    elif head.startswith(_MAGIC["zst"]):
        stream = _ZstdReader(raw)
    else:
        return raw
    return io.BufferedReader(stream, _BUFFER)


class _Bz2Reader(bz2.BZ2File):
    """Tells damaged data from a file that cannot be read, which the library does not."""

    def readinto(self, b: Any) -> int:
        try:
            return super().readinto(b)
        except OSError as error:
            raise _DamagedError(str(error)) from None


class _ZstdReader(io.RawIOBase):
    """Decompresses Zstandard frames; unlike the library's own reader it notices an end that comes too early."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._pending, self._at = raw, b"", 0
        self._library = _zstandard("reading .zst files")
        self._frame = self._library.ZstdDecompressor().decompressobj()
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._at == len(self._pending):
            if not self._more():
                return 0
        piece = self._pending[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _more(self) -> bool:
        data = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame, self._begun = self._library.ZstdDecompressor().decompressobj(), False
        data = data or self._raw.read(_BUFFER)
        if not data:
            if self._begun:
                raise _DamagedError("ends in the middle of a frame")
            return False
        self._begun = True
        try:
            self._pending, self._at = self._frame.decompress(data), 0
        except self._library.ZstdError as error:
            raise _DamagedError(str(error)) from None
        return True


def _zstandard(purpose: str) -> Any:
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError("zstandard", "zst", purpose) from None
    return zstandard


@contextmanager
def _reported(path: str | Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="check the path") from None
    except IsADirectoryError:
        raise InputError("is a directory, expected a file", path=path, remedy="name a file in it") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None


def _not_utf8(error: UnicodeDecodeError, path: str | Path, line: int) -> InputError:
    utf16 = line == 1 and error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    found = "is UTF-16" if utf16 else f"is not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start + 1}"
    name = "-" if str(path) == STDIN else Path(path).name
    encoding = "UTF-16" if utf16 else "ISO-8859-1"
    return InputError(
        found, path=path, line=line, remedy=f"convert it, for example: iconv -f {encoding} -t UTF-8 {name}"
    )


def _damaged(path: str | Path, line: int) -> InputError:
    return InputError(
        "the compressed data is damaged or ends too early", path=path, line=line or None, remedy="copy the file again"
    )


# -- writing --------------------------------------------------------------------------------------------------------


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A temporary sibling to write to, which takes the place of `path` at the end, or is removed on any error.

    Folders above that do not exist are made, and removed again on error.

    Raises:
        InputError: the place cannot be written (full, read-only, no permission, a directory).
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "is a directory")
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
            for folder in missing:
                folder.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"cannot be written: {error.strerror or error}", path=path) from error
        raise


class LineOutput:
    """Takes lines of text for one file."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self.path, self.lines = stream, path, 0

    def write(self, line: str) -> None:
        """Write a line and its end.

        Raises:
            InputError: the line holds a lone surrogate, which UTF-8 cannot.
        """
        self.lines += 1
        try:
            self._stream.write(line.encode("utf-8") + b"\n")
        except UnicodeEncodeError:
            raise InputError(
                "cannot be written: a lone surrogate is not valid text", path=self.path, line=self.lines
            ) from None


@contextmanager
def open_output(path: Path) -> Iterator[LineOutput]:
    """Write a file line by line, compressed as its name says, complete or not at all (:func:`replaced_file`).

    Raises:
        MissingExtraError: ``.zst`` without the extra ``zst``.
    """
    compression = compression_of(path)
    with replaced_file(path) as temporary, ExitStack() as stack:
        raw = stack.enter_context(temporary.open("wb"))
        stream: Any = raw
        if compression == "gz":  # no name and no time, so that equal content makes equal files
            stream = stack.enter_context(gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0))
        elif compression == "bz2":
            stream = stack.enter_context(bz2.BZ2File(raw, "wb"))
        elif compression == "xz":
            stream = stack.enter_context(lzma.LZMAFile(raw, "wb"))
        elif compression == "zst":
            library = _zstandard("writing .zst files")
            stream = stack.enter_context(library.ZstdCompressor().stream_writer(raw))
        yield LineOutput(stack.enter_context(io.BufferedWriter(stream, _BUFFER)) if compression else stream, path)
