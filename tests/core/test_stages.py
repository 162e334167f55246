"""Stages: computed once, never half taken, and only for the configuration that they were made for."""

import numpy as np
import pytest

from manylabel.core.errors import RunError
from manylabel.core.stages import Stages

FINGERPRINT = {"model": {"cost": 1.0}, "data": "abc"}


class Counted:
    def __init__(self, value=1):
        self.calls = 0
        self.value = value

    def __call__(self):
        self.calls += 1
        return {"a": np.array([self.value])}


def test_without_a_folder_nothing_is_kept():
    stages, compute = Stages(), Counted()
    assert not stages.keeps
    for calls in (1, 2):
        assert stages.run("x", compute)["a"].tolist() == [1]
        assert compute.calls == calls
        assert not stages.is_done("x")
    stages.discard()


def test_a_stage_is_computed_once(tmp_path):
    stages = Stages.begin(tmp_path / "run.unfinished", FINGERPRINT, resume=False)
    first, second = Counted(1), Counted(2)
    assert stages.keeps
    assert stages.run("x", first)["a"].tolist() == [1]
    assert stages.is_done("x")
    assert stages.run("x", second)["a"].tolist() == [1]
    assert stages.run("y", second)["a"].tolist() == [2]
    assert (first.calls, second.calls) == (1, 1)
    again = Stages.begin(tmp_path / "run.unfinished", dict(reversed(FINGERPRINT.items())), resume=True)
    assert again.run("x", second)["a"].tolist() == [1]
    again.discard()
    assert not (tmp_path / "run.unfinished").exists()


def test_only_a_finished_stage_or_a_checkpoint_is_something_kept(tmp_path):
    assert not Stages().has_kept
    stages = Stages.begin(tmp_path / "run.unfinished", FINGERPRINT, resume=False)
    (tmp_path / "run.unfinished" / "x.safetensors").write_bytes(b"half")
    assert not stages.has_kept, "a fingerprint and half a stage are nothing to continue"
    stages.within("part").unfinished("x").write_bytes(b"checkpoint")
    assert stages.has_kept
    stages.within("part").unfinished("x").unlink()
    assert not stages.has_kept
    stages.within("part").run("x", Counted())
    assert stages.has_kept
    stages.discard()
    assert not stages.has_kept


def test_half_a_stage_is_not_taken(tmp_path):
    stages = Stages.begin(tmp_path / "s", FINGERPRINT, resume=False)
    stages.run("x", Counted(1))
    (tmp_path / "s" / "x.done").unlink()  # killed after the arrays, before the marker
    (tmp_path / "s" / "y.safetensors").write_bytes(b"half")
    again = Stages.begin(tmp_path / "s", FINGERPRINT, resume=True)
    assert not again.is_done("x")
    assert again.run("x", Counted(2))["a"].tolist() == [2]
    assert again.run("y", Counted(3))["a"].tolist() == [3]
    assert again.run("y", Counted(4))["a"].tolist() == [3]


def test_a_failed_stage_is_not_done(tmp_path):
    stages = Stages.begin(tmp_path / "s", FINGERPRINT, resume=False)

    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stages.run("x", fail)
    assert not stages.is_done("x")


def test_stages_of_something_else_are_refused(tmp_path):
    folder = tmp_path / "s"
    Stages.begin(folder, FINGERPRINT, resume=False).run("x", Counted())
    with pytest.raises(RunError, match="--resume to continue it"):
        Stages.begin(folder, FINGERPRINT, resume=False)
    for other in ({}, {**FINGERPRINT, "data": "abd"}, {**FINGERPRINT, "model": {"cost": 2.0}}):
        with pytest.raises(RunError, match="another configuration or other data"):
            Stages.begin(folder, other, resume=True)
    for damaged in (b"", b"{", b"\xff", b"[" * 100_000):
        (folder / "fingerprint.json").write_bytes(damaged)
        with pytest.raises(RunError, match="another configuration or other data"):
            Stages.begin(folder, FINGERPRINT, resume=True)
    (folder / "fingerprint.json").unlink()
    with pytest.raises(RunError, match="another configuration or other data"):
        Stages.begin(folder, FINGERPRINT, resume=True)


def test_a_folder_in_which_nothing_was_kept_yet_is_begun(tmp_path):
    """Killed between making the folder and writing the fingerprint."""
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / ".fingerprint.tmp").write_text("{")
    stages = Stages.begin(folder, FINGERPRINT, resume=True)
    stages.run("x", Counted())
    assert Stages.begin(folder, FINGERPRINT, resume=True).is_done("x")


def test_nothing_to_resume_is_a_beginning(tmp_path):
    assert not Stages.begin(tmp_path / "a" / "b", FINGERPRINT, resume=True).is_done("x")


def test_a_place_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        Stages.begin(file / "s", FINGERPRINT, resume=False)
    with pytest.raises(RunError, match="cannot be written"):
        Stages.begin(file, FINGERPRINT, resume=True)
    stages = Stages.begin(tmp_path / "s", FINGERPRINT, resume=False)
    (tmp_path / "s" / "x.safetensors").mkdir()
    with pytest.raises(RunError, match=r"x\.safetensors: cannot be written"):
        stages.run("x", Counted())
    assert not stages.is_done("x")


def test_a_damaged_stage_is_named(tmp_path):
    stages = Stages.begin(tmp_path / "s", FINGERPRINT, resume=False)
    stages.run("x", Counted())
    (tmp_path / "s" / "x.safetensors").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"x\.safetensors"):
        stages.run("x", Counted())
