"""Targets as users write them."""

import pytest

from manylabel.core.errors import ConfigError
from manylabel.decide import METHODS
from manylabel.decide.targets import Target


@pytest.mark.parametrize(
    ("text", "group", "measure", "level"),
    [
        ("recall>=0.9", None, "recall", 0.9),
        ("tail recall >= 90%", "tail", "recall", 0.9),
        ("Each Precision>=0.8", "each", "precision", 0.8),
        ("wrong<=0.2", None, "precision", 0.8),
        ("head missed<=10%", "head", "recall", 0.9),
        ("all recall>=.5", None, "recall", 0.5),
    ],
)
def test_targets_are_read(text, group, measure, level):
    target = Target.parse(text)
    assert (target.group, target.measure) == (group, measure)
    assert target.level == pytest.approx(level)
    assert Target.parse(str(target)) == target


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recall", "is no target"),
        ("recall>=1", "between 0 and 1"),
        ("recall>=0", "between 0 and 1"),
        ("recall>=1.2", "between 0 and 1"),
        ("wrong<=100%", "between 0 and 1"),
        ("recall>=0.9.1", "is not a number"),
        ("recall<=0.9", "write recall>="),
        ("wrong>=0.2", "write wrong<="),
        ("rare recall>=0.9", "unknown group 'rare'"),
        ("f1>=0.9", "is no target"),
        ("accuracy>=0.9", "unknown measure 'accuracy'"),
    ],
)
def test_what_is_no_target_is_refused(text, said):
    with pytest.raises(ConfigError, match=said):
        METHODS.section("risk-control").parse({"targets": [text]}, source="risk-control")


@pytest.mark.parametrize(
    "texts",
    [["recall>=0.9", "tail recall>=0.9"], ["tail recall>=0.9", "tail precision>=0.5"], ["each recall>=0.9"] * 2],
)
def test_two_targets_for_a_label_are_refused(texts):
    with pytest.raises(ConfigError, match="two targets"):
        METHODS.section("risk-control").parse({"targets": texts}, source="risk-control")


def test_calibration_would_void_the_guarantee():
    with pytest.raises(ConfigError, match="void the guarantee"):
        METHODS.section("risk-control").parse({"targets": ["recall>=0.9"], "calibration": "platt"}, source="")
