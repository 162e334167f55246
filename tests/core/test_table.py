"""Tables of parts: found by name, imported when used."""

import subprocess
import sys

import pytest

from manylabel.core.config import Section
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.table import Part, Table

TABLE = Table(
    "thing",
    {
        "input-error": Part("manylabel.core.errors:InputError", "An error.", "manylabel.core.config:Section"),
        "absent": Part("manylabel.no_such_module:Thing", "Not there."),
    },
)


def test_parts_are_listed_without_importing_them():
    assert list(TABLE) == ["input-error", "absent"]
    assert len(TABLE) == 2
    assert [part.summary for part in TABLE.values()] == ["An error.", "Not there."]
    assert "absent" in TABLE
    assert "absend" not in TABLE
    assert TABLE.get("absent") is not None


def test_a_part_is_imported_when_it_is_used():
    assert TABLE.load("input-error") is InputError
    assert TABLE.section("input-error") is Section
    assert TABLE.section("absent") is Section
    with pytest.raises(ModuleNotFoundError):
        TABLE.load("absent")


@pytest.mark.parametrize("use", [TABLE.load, TABLE.section, TABLE.__getitem__])
def test_an_unknown_name_is_guessed(use):
    with pytest.raises(ConfigError, match="unknown thing 'input-eror', did you mean 'input-error'"):
        use("input-eror")


@pytest.mark.parametrize(
    "module",
    ["manylabel", "manylabel.models", "manylabel.data.formats", "manylabel.metrics", "manylabel.core.run_directory"]
    + [f"manylabel.core.{name}" for name in ("arrays", "config", "corpus", "labels", "stages", "table", "topk")],
)
def test_importing_it_brings_nothing_heavy(module):
    heavy = {"numba", "sklearn", "torch", "rich", "pyarrow", "pandas", "rdflib"}
    check = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
