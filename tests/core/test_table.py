"""Tables of parts: found by name, imported when used."""

import subprocess
import sys

import pytest

from manylabel.core.config import Section
from manylabel.core.errors import ConfigError, InputError, MissingExtraError
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


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_package_of_an_extra_that_is_not_there(package, tmp_path, monkeypatch):
    (tmp_path / "part_of_an_extra.py").write_text(f"import {package}.nn\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    table = Table("thing", {"one": Part("part_of_an_extra:One", "It.", extra="nn")})
    with pytest.raises(MissingExtraError, match=rf"the thing one needs the package {package}: pip.*manylabel\[nn\]"):
        table.load("one")
    plain = Table("thing", {"one": Part("part_of_an_extra:One", "It.")})
    with pytest.raises(ModuleNotFoundError):
        plain.load("one")


def test_a_module_that_no_extra_brings_is_a_bug():
    table = Table("thing", {"one": Part("manylabel.no_such_module:Thing", "Not there.", extra="nn")})
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        table.load("one")
