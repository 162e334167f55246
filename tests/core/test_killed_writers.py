"""After every kill of its writer a run directory loads: the former run or the new one, never a mixture."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def killed(tmp_path, *arguments):
    script = Path(__file__).with_name("killed_writers.py")
    command = [sys.executable, str(script), *arguments[:2], str(tmp_path), *map(str, arguments[2:])]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(("what", "kills"), [("save", 100), ("amend", 50)])
def test_kills_at_random_moments(tmp_path, what, kills):
    result = killed(tmp_path, "random", what, kills)
    assert result["kills"] == kills
    assert result["left"] == []


@pytest.mark.parametrize(("what", "least"), [("save", 15), ("amend", 12)])
def test_a_kill_before_every_access_to_the_file_system(tmp_path, what, least):
    result = killed(tmp_path, "sweep", what, 0)
    assert result["kills"] >= least
    assert result["left"] == []
    # Both sides of the step that makes the new run count were met.
    assert 1 < result["saved"] < result["kills"]
