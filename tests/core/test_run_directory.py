"""Run directories: whole or not at all, nothing outside them, and amendments that nobody sees by halves."""

import errno
import json
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from manylabel.core import siblings
from manylabel.core.errors import RunError
from manylabel.core.manifest import _own_sum
from manylabel.core.run_directory import RunDirectory, check_vacant, unfinished_path, write_run

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def save(path, number=1, **options):
    with write_run(path, **options) as writer:
        writer.info["number"] = number
        writer.text("notes.txt", f"größe {number}\n")
        writer.json("numbers.json", {"number": number})
        writer.arrays("model.safetensors", {"number": np.full(3, number)})
    return path


def number_of(path):
    run = RunDirectory.open(path)
    found = {
        run.manifest["info"]["number"],
        run.read_json("numbers.json")["number"],
        int(run.read_text("notes.txt").split()[1]),
        *run.read_arrays("model.safetensors")["number"].tolist(),
    }
    assert len(found) == 1
    return found.pop()


def rewrite_manifest(path, change):
    """Change a manifest the way somebody would who also knows how to compute its checksum."""
    file = path / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest = change(manifest) or manifest
    if isinstance(manifest, dict) and {"format", "info", "files"} <= set(manifest):
        manifest["sha256"] = _own_sum(manifest)
    file.write_text(json.dumps(manifest))


@pytest.fixture
def run(tmp_path):
    return save(tmp_path / "run")


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def left_over(path):
    return [name for name in names_in(path.parent) if name != path.name]


def begin_and_fail(context, error):
    with context as writer:
        writer.json("numbers.json", {"number": 5})
        raise error


def write_into(context, write):
    with context as writer:
        write(writer)


# -- writing --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(run):
    assert number_of(run) == 1
    assert names_in(run) == ["manifest.json", "model.safetensors", "notes.txt", "numbers.json"]
    opened = RunDirectory.open(str(run))
    assert "notes.txt" in opened
    assert "other.txt" not in opened
    with pytest.raises(RunError, match=r"run: holds no other\.txt"):
        opened.file("other.txt")
    assert left_over(run) == []


def test_a_file_is_copied_and_listed(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(range(256)))
    with write_run(tmp_path / "run") as writer:
        writer.within("part").copy("own.bin", source)
    source.unlink()
    opened = RunDirectory.open(tmp_path / "run")
    assert opened.within("part").file("own.bin").read_bytes() == bytes(range(256))
    assert opened.manifest["files"]["part-own.bin"]["bytes"] == 256


def test_parents_are_made(tmp_path):
    assert number_of(save(tmp_path / "a" / "b" / "run")) == 1


def test_an_error_inside_leaves_nothing(tmp_path):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            begin_and_fail(write_run(tmp_path / "run"), error)
    assert names_in(tmp_path) == []


def test_an_error_inside_a_replacement_leaves_the_former_run(run):
    with pytest.raises(ValueError, match="no"):
        begin_and_fail(write_run(run, overwrite=True), ValueError("no"))
    assert number_of(run) == 1
    assert left_over(run) == []


def test_nothing_is_replaced_unasked(run):
    with pytest.raises(RunError, match="a finished run lies there"):
        save(run, 2)
    assert number_of(run) == 1
    save(run, 2, overwrite=True)
    assert number_of(run) == 2
    assert left_over(run) == []


def test_what_is_no_run_is_never_replaced(tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    file = tmp_path / "file"
    file.write_text("more")
    for path in (folder, file):
        for overwrite in (False, True):
            with pytest.raises(RunError, match="exists and is not a run directory"):
                save(path, overwrite=overwrite)
    assert (folder / "chapter.txt").read_text() == "years of work"
    assert file.read_text() == "more"


def test_an_empty_folder_is_vacant(tmp_path):
    (tmp_path / "run").mkdir()
    check_vacant(tmp_path / "run")
    assert number_of(save(tmp_path / "run")) == 1


def test_a_run_that_appears_meanwhile_stays(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(RunError, match="cannot be written"):
        write_into(write_run(path), lambda _: save(path, 7))
    assert number_of(path) == 7
    assert left_over(path) == []


def test_a_reader_between_the_two_renames_does_not_spoil_the_replacement(run, monkeypatch):
    """It finds no run, takes the replacement for one that was cut off, and puts the former run back."""
    rename, seen = Path.rename, []

    def renamed(self, target):
        if self.name.endswith(".tmp") and Path(target) == run and not seen:
            seen.append(number_of(run))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    save(run, 2, overwrite=True)
    assert seen == [1]
    assert number_of(run) == 2
    assert left_over(run) == []


def test_a_replacement_cut_off_between_the_renames_is_undone(run):
    run.rename(run.with_name(".run.previous"))
    assert number_of(run) == 1
    run.rename(run.with_name(".run.previous"))
    with pytest.raises(RunError, match="a finished run lies there"):
        save(run, 2)


def test_a_failing_rename_leaves_the_former_run(run, monkeypatch):
    rename = Path.rename

    def renamed(self, target):
        if self.name.endswith(".tmp") and Path(target) == run:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", renamed)
        with pytest.raises(RunError, match="Input/output error"):
            save(run, 2, overwrite=True)
    assert run.is_dir()
    assert number_of(run) == 1
    assert left_over(run) == []


def test_half_a_former_run_is_never_taken_for_one(run, monkeypatch):
    """Killed while the former run is removed; later the user removes the new one, too."""
    monkeypatch.setattr(shutil, "rmtree", lambda folder, **_: (folder / "notes.txt").unlink(missing_ok=True))
    save(run, 2, overwrite=True)
    monkeypatch.undo()
    shutil.rmtree(run)
    with pytest.raises(RunError, match="no such run"):
        RunDirectory.open(run)


def test_what_killed_writers_left_is_cleared_away(run):
    old, young, held, other, alike = (
        run.with_name(name)
        for name in (
            ".run.00000000.tmp",
            ".run.11111111.tmp",
            ".run.22222222.tmp",
            ".run2.33333333.tmp",
            ".run.44444444.tmp.txt",
        )
    )
    for folder in (old, young, held, other, alike):
        folder.mkdir()
        (folder / "model.safetensors").write_text("half")
        if folder != young:
            os.utime(folder, (time.time() - 3600,) * 2)
    with siblings.held(held):
        save(run, 2, overwrite=True)
    assert left_over(run) == sorted(folder.name for folder in (young, held, other, alike))


def test_the_folder_a_process_stands_in_is_a_run_too(run, monkeypatch):
    monkeypatch.chdir(run)
    for path in (".", Path(), "../run", "../run/.", "../../" + run.parent.name + "/run/../run"):
        assert number_of(path) == 1
    (run / "below").mkdir()
    monkeypatch.chdir(run / "below")
    assert number_of("..") == 1
    assert unfinished_path(Path("..")).name == "run.unfinished"
    with pytest.raises(RunError, match="is not a run directory"):
        RunDirectory.open("/")


def test_file_names_stay_inside(tmp_path):
    for name in ("../a", "/a", "a/b", "", ".", "..", "a\\b", "a\0", "manifest.json", ".manifest.json.tmp"):
        with pytest.raises(ValueError, match="cannot be the name"), write_run(tmp_path / "run") as writer:
            writer.text(name, "a")
    assert names_in(tmp_path) == []


def test_json_refuses_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"), write_run(tmp_path / "run") as writer:
        writer.json("a.json", {"loss": float("nan")})


# -- reading --------------------------------------------------------------------------------------------------------


def test_places_without_a_run(tmp_path):
    with pytest.raises(RunError, match=r"no such run$"):
        RunDirectory.open(tmp_path / "run")
    (tmp_path / "run.unfinished").mkdir()
    with pytest.raises(RunError, match=r"run\.unfinished is unfinished, continue it with --resume"):
        RunDirectory.open(tmp_path / "run")
    with pytest.raises(RunError, match=r"is not a run directory \(no manifest"):
        RunDirectory.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no such run"):
        RunDirectory.open(tmp_path / "file")


def test_a_missing_file_is_named(run):
    for name in ("notes.txt", "numbers.json", "model.safetensors"):
        content = (run / name).read_bytes()
        (run / name).unlink()
        with pytest.raises(RunError, match=f"{name}: is missing"):
            RunDirectory.open(run, verify=False)
        (run / name).mkdir()
        with pytest.raises(RunError, match=f"{name}: is missing"):
            RunDirectory.open(run, verify=False)
        (run / name).rmdir()
        (run / name).write_bytes(content)
    assert number_of(run) == 1


def test_a_shorter_file_is_named_even_without_checksums(run):
    file = run / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RunError, match=r"model\.safetensors: has \d+ bytes instead of"):
        RunDirectory.open(run, verify=False)


def test_a_flipped_bit_anywhere_is_found_and_the_file_named(run):
    for file in sorted(run.iterdir()):
        content = file.read_bytes()
        for position in range(len(content)):
            damaged = bytearray(content)
            damaged[position] ^= 1 << position % 8
            file.write_bytes(damaged)
            with pytest.raises(RunError) as caught:
                RunDirectory.open(run)
            assert f"{file}: " in str(caught.value)
            assert "\n" not in str(caught.value)
        file.write_bytes(content)
    assert number_of(run) == 1


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/hostname", "..", ".", "", "a/../../x", "a\\b", "a\0b", 7, None, ["a"]]
)
def test_a_path_that_leaves_the_run_is_refused(run, path):
    (run.parent / "outside.txt").write_bytes((run / "notes.txt").read_bytes())
    rewrite_manifest(run, lambda manifest: manifest["files"]["notes.txt"].update(path=path))
    with pytest.raises(RunError, match=r"manifest\.json: the entry 'notes\.txt' leads outside the run"):
        RunDirectory.open(run)


def test_a_newer_format_is_refused(run):
    rewrite_manifest(run, lambda manifest: manifest.update(format=2))
    with pytest.raises(RunError, match=r"format 2 is newer than this manylabel reads \(1\); update it"):
        RunDirectory.open(run)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format="1"),
        lambda manifest: manifest.update(format=True),
        lambda manifest: manifest.update(format=0),
        lambda manifest: manifest.update(info=[]),
        lambda manifest: manifest.update(files=[]),
        lambda manifest: manifest.update(files={"a": 1}),
        lambda manifest: manifest["files"]["notes.txt"].update(bytes="12"),
        lambda manifest: manifest["files"]["notes.txt"].pop("sha256"),
        lambda manifest: manifest["files"]["notes.txt"].update(path="x" * 5000),
        lambda manifest: manifest["files"]["notes.txt"].update(path="\ud800"),
        lambda manifest: [manifest],
        lambda manifest: "manifest",
        lambda manifest: manifest.pop("info") and None,
    ],
)
def test_a_manifest_of_another_shape_is_refused(run, change):
    rewrite_manifest(run, change)
    with pytest.raises(RunError):
        RunDirectory.open(run)


def test_a_manifest_that_cannot_be_parsed(run):
    for content in (b"", b"{", b"\xff", b"[" * 100_000, b"null"):
        (run / "manifest.json").write_bytes(content)
        with pytest.raises(RunError, match=r"manifest\.json: is damaged"):
            RunDirectory.open(run)


def test_files_that_are_not_what_they_are_read_as(run):
    with RunDirectory.open(run).amend() as writer:
        writer.text("bad.json", "{")
        writer.text("deep.json", "[" * 100_000)
        writer.arrays("binary.txt", {"a": np.array([255, 254], np.uint8)})
    opened = RunDirectory.open(run)
    for name in ("bad.json", "deep.json"):
        with pytest.raises(RunError, match="is not valid JSON"):
            opened.read_json(name)
    with pytest.raises(RunError, match="cannot be read"):
        opened.read_text("binary.txt")
    with pytest.raises(RunError, match="not a readable safetensors file"):
        opened.read_arrays("notes.txt")


# -- amending -------------------------------------------------------------------------------------------------------


def test_an_amendment_adds_and_replaces(run):
    opened, reader = RunDirectory.open(run), RunDirectory.open(run)
    with opened.amend(tuned=True) as writer:
        writer.json("numbers.json", {"number": 5})
        writer.json("decision.json", {"threshold": 0.3})
        assert reader.read_json("numbers.json") == {"number": 1}
        assert "decision.json" not in RunDirectory.open(run)
    for again in (opened, RunDirectory.open(run)):
        assert again.read_json("numbers.json") == {"number": 5}
        assert again.read_json("decision.json") == {"threshold": 0.3}
        assert again.read_text("notes.txt") == "größe 1\n"
        assert again.manifest["info"] == {"number": 1, "tuned": True}
    assert len(names_in(run)) == 5  # the replaced file is gone


def test_an_amendment_of_an_amendment(run):
    for number in range(3):
        with RunDirectory.open(run).amend() as writer:
            writer.json("numbers.json", {"number": number})
    assert RunDirectory.open(run).read_json("numbers.json") == {"number": 2}
    assert len(names_in(run)) == 4


def test_an_amendment_that_fails_changes_nothing(run):
    before = names_in(run)
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            begin_and_fail(RunDirectory.open(run).amend(), error)
    with pytest.raises(TypeError), RunDirectory.open(run).amend(odd=object()) as writer:
        writer.json("numbers.json", {"number": 5})
    assert names_in(run) == before
    assert number_of(run) == 1


# -- a disk that refuses --------------------------------------------------------------------------------------------


@contextmanager
def file_size_limit(limit):
    """The system refuses to let a file grow beyond `limit` bytes, as it does where a disk is full."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


WRITES = {
    "text": lambda writer: writer.text("a.txt", "x" * 100_000),
    "json": lambda writer: writer.json("a.json", list(range(100_000))),
    "arrays": lambda writer: writer.arrays("a.safetensors", {"a": np.zeros(100_000)}),
    "copy": lambda writer: writer.copy("a.bin", Path(np._core._multiarray_umath.__file__)),
    "manifest": lambda writer: writer.info.update(words=["x"] * 100_000),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_disk_is_one_line_and_leaves_what_was_there(run, write):
    new = run.with_name("new")
    before = names_in(run)
    for path, context in (
        (new, write_run(new)),
        (run, write_run(run, overwrite=True)),
        (run, RunDirectory.open(run).amend()),
    ):
        with pytest.raises(RunError, match=f"{path.name}: cannot be written: File too large"), file_size_limit(50_000):
            write_into(context, write)
    assert left_over(run) == []
    assert names_in(run) == before
    assert number_of(run) == 1


def test_every_size_of_disk_gives_the_old_run_or_the_new_one(run):
    outcomes = set()
    for limit in range(0, 1500, 60):
        with file_size_limit(limit):
            try:
                save(run, limit + 2, overwrite=True)
            except RunError:
                outcomes.add("old")
            else:
                outcomes.add("new")
        assert number_of(run) == (limit + 2 if "new" in outcomes else 1)
        assert left_over(run) == []
    assert outcomes == {"old", "new"}


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch, number):
    def refuse(path, *_args, **_options):
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", refuse)
        with pytest.raises(RunError, match=f"run: cannot be written: {os.strerror(number)}"):
            save(tmp_path / "run")
    assert names_in(tmp_path) == []


@pytest.mark.skipif(ROOT, reason="nothing is forbidden to root; the test above simulates it")
def test_a_read_only_folder(run):
    run.parent.chmod(0o555)
    try:
        assert number_of(run) == 1
        with pytest.raises(RunError, match="cannot be written: Permission denied"):
            save(run.with_name("new"))
        with pytest.raises(RunError, match="cannot be written: Permission denied"):
            save(run, overwrite=True)
    finally:
        run.parent.chmod(0o755)
    assert number_of(run) == 1


@pytest.mark.skipif(ROOT, reason="nothing is forbidden to root; the test below simulates it")
def test_files_that_may_not_be_read(run):
    for name in ("manifest.json", "model.safetensors"):
        (run / name).chmod(0)
        with pytest.raises(RunError, match=f"{name}: cannot be read: Permission denied"):
            RunDirectory.open(run)
        (run / name).chmod(0o600)


def test_reads_that_fail(run, monkeypatch):
    open_file = Path.open
    for name in ("manifest.json", "model.safetensors"):

        def refuse(self, *args, name=name, **options):
            if self.name == name:
                raise PermissionError(errno.EACCES, "Permission denied", str(self))
            return open_file(self, *args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            with pytest.raises(RunError, match=f"{name}: cannot be read: Permission denied"):
                RunDirectory.open(run)


def test_a_former_run_that_cannot_be_put_back(run, monkeypatch):
    run.rename(run.with_name(".run.previous"))

    def refuse(self, _target):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(RunError, match="no such run"):
        RunDirectory.open(run)
