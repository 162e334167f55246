"""Configuration sections: every mistake at once, with its path and the key that was meant."""

from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from manylabel.core.config import Section, apply_overrides, did_you_mean, parse_yaml, read_yaml, to_yaml
from manylabel.core.errors import ConfigError, InputError


class Solver(Section):
    tolerance: float = Field(default=0.1, gt=0)
    cost: float = 1.0


class Tree(Section):
    kind: Literal["tree"] = "tree"
    leaf_size: int = Field(default=100, ge=1)
    solver: Solver = Solver()


class Flat(Section):
    kind: Literal["flat"] = "flat"
    solver: Solver = Solver()
    blocks: int = 1


class Whole(Section):
    model: Annotated[Tree | Flat, Field(discriminator="kind")] = Tree()
    name: str
    shape: tuple[int, int] | None = None


def problem(values, section=Whole):
    with pytest.raises(ConfigError) as caught:
        section.parse(values, source="x.yaml")
    text = str(caught.value)
    assert text.startswith("x.yaml: ")
    assert "\n" not in text
    return text


def test_a_misspelt_key_is_guessed_at_every_level():
    assert "nam: unknown key 'nam', did you mean 'name'?" in problem({"nam": "a"})
    text = problem({"name": "a", "model": {"kind": "tree", "leaf_sise": 3}})
    assert "leaf_sise" in text
    assert "did you mean 'leaf_size'?" in text
    text = problem({"name": "a", "model": {"kind": "flat", "solver": {"tolerence": 1}}})
    assert "did you mean 'tolerance'?" in text


def test_a_key_that_resembles_nothing_lists_what_there_is():
    assert "unknown key 'zzz', known are: cost, tolerance" in problem(
        {"name": "a", "model": {"kind": "tree", "solver": {"zzz": 1}}}
    )


def test_a_name_that_the_message_holds_is_not_said_twice():
    class Named(Section):
        part: str

        @field_validator("part")
        @classmethod
        def _known(cls, value: str) -> str:
            raise ValueError(f"unknown part{did_you_mean(value, ['whole'])}")

    with pytest.raises(ConfigError) as caught:
        Named.parse({"part": "hole"})
    assert str(caught.value) == "configuration: part: unknown part 'hole', did you mean 'whole'?"


def test_all_mistakes_come_at_once():
    text = problem({"model": {"kind": "tree", "leaf_size": 0, "solver": {"tolerance": "much"}}, "shape": [1]})
    for part in ("name: is required", "leaf_size: input should be greater than or equal to 1, got 0"):
        assert part in text
    assert "tolerance: input should be a valid number" in text
    assert "shape.1: is required" in text
    assert text.count(";") == 3


@pytest.mark.parametrize("values", [[], "a", 3, None, {1: 2}, {"name": {}}, {"name": "a", "model": 3}])
def test_values_of_a_wrong_shape(values):
    problem(values)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_numbers_must_be_finite(number):
    assert "finite number" in problem({"cost": number}, Solver)


def test_long_values_are_cut():
    assert len(problem({"name": "a", "model": {"kind": "x" * 10_000}})) < 1000
    assert len(problem({"tolerance": "x" * 10_000}, Solver)) < 400


def test_sections_are_frozen_and_their_defaults_are_checked():
    section = Solver()
    with pytest.raises(ValidationError):
        section.tolerance = 3

    class Wrong(Section):
        tolerance: float = Field(default=-1.0, gt=0)

    with pytest.raises(ConfigError, match="tolerance"):
        Wrong.parse({})


def test_with_values_checks_and_keeps_the_rest():
    whole = Whole(name="a", model=Flat(blocks=7), shape=(1, 2))
    changed = whole.with_values(name="b")
    assert changed == Whole(name="b", model=Flat(blocks=7), shape=(1, 2))
    assert whole.name == "a"
    assert changed.model_fields_set == {"name", "model", "shape"}
    with pytest.raises(ConfigError, match="tolerance"):
        Solver().with_values(tolerance=-1)
    with pytest.raises(ConfigError, match="did you mean 'tolerance'"):
        Solver().with_values(tolerence=1)


def test_yaml_round_trip(tmp_path):
    whole = Whole(name="straße: [1] # 2", model=Flat(blocks=7), shape=(1, 2))
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(whole), encoding="utf-8")
    assert Whole.parse(read_yaml(file)) == whole
    assert list(read_yaml(file)) == ["model", "name", "shape"]


# Each of these gets past YAML's own errors in PyYAML.
AWKWARD = ["a: 2001-99-99", "a: !!float x", "a: !!timestamp foo", "a: !!int ''", "[" * 500, "a: 0b_", "? [a]\n: b"]


@pytest.mark.parametrize("text", [*AWKWARD, "a: [", "\tx", "a: b: c", "!!python/object/apply:os.getcwd []", "\x00"])
def test_whatever_is_wrong_with_yaml_is_a_yaml_error(tmp_path, text):
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"config\.yaml.*is not valid YAML") as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value)


def test_yaml_mistakes_come_with_their_line(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(InputError, match=r"config\.yaml:3: "):
        read_yaml(file)


def test_files_that_are_no_configuration(tmp_path):
    with pytest.raises(InputError, match="no such configuration file"):
        read_yaml(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="is a directory"):
        read_yaml(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_bytes(b"a: \xe9\n")
    with pytest.raises(InputError, match=r"is not UTF-8 \(byte 3\)"):
        read_yaml(file)
    file.write_text("- a\n- b\n")
    with pytest.raises(InputError, match="a mapping of sections"):
        read_yaml(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(file / "below.yaml")


def test_overrides_are_read_as_yaml_and_leave_the_original():
    values = {"model": {"kind": "tree", "solver": {"cost": 1}}, "names": ["a"]}
    result = apply_overrides(
        values,
        [
            "model.leaf_size=50",
            "model.solver.cost=1e-3",
            "shape=[1, 2]",
            "name=a=b",
            "new.deep.key=null",
            "model.kind = flat",
            "odd=[",
        ],
    )
    assert result == {
        "model": {"kind": "flat", "solver": {"cost": "1e-3"}, "leaf_size": 50},
        "names": ["a"],
        "shape": [1, 2],
        "name": "a=b",
        "new": {"deep": {"key": None}},
        "odd": "[",
    }
    assert values == {"model": {"kind": "tree", "solver": {"cost": 1}}, "names": ["a"]}
    # YAML 1.1 takes 1e-3 for a string; the section reads it as the number that was meant.
    assert Solver.parse({"cost": "1e-3"}).cost == 0.001


def test_an_override_below_a_bare_kind():
    assert apply_overrides({"model": "flat"}, ["model.blocks=2"]) == {"model": {"kind": "flat", "blocks": 2}}


@pytest.mark.parametrize("override", ["model", "=3", " =3", ""])
def test_overrides_without_path_or_value(override):
    with pytest.raises(ConfigError, match="expected PATH=VALUE"):
        apply_overrides({}, [override])


def test_overrides_through_a_value():
    with pytest.raises(ConfigError, match="name is not a section"):
        apply_overrides({"name": 3}, ["name.x=1"])
    with pytest.raises(ConfigError, match="b is not a section"):
        apply_overrides({"a": {"b": [1]}}, ["a.b.c=1"])


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=40))
def test_did_you_mean_always_says_the_name(name, known):
    assert repr(name) in did_you_mean(name, known)


def test_did_you_mean_prefers_the_nearest():
    assert did_you_mean("leafsize", ["branching", "leaf_size", "size"]).endswith("did you mean 'leaf_size'?")
    assert did_you_mean("q", [f"name{i}" for i in range(31)]) == " 'q'"
