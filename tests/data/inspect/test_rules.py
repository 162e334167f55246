"""Every rule finds its fault, names the right documents or labels, and is silent where the fault is not."""

import json
import re

import pytest
from rule_cases import CASES, CLOSE, TRAIN, answers, look

from manylabel.core.errors import ConfigError
from manylabel.core.finding import SEVERITIES
from manylabel.data.inspect import RULES
from manylabel.data.inspect.check import find
from manylabel.data.inspect.options import InspectOptions


def test_every_rule_has_a_fault_and_a_near_miss():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_fault_is_found_and_named(rule):
    found = RULES.load(rule)(CASES[rule].fault())
    assert found
    assert CASES[rule].finds(found), [(item.what, item.examples) for item in found]
    for item in found:
        assert item.rule == rule
        assert item.severity in SEVERITIES
        assert item.what.endswith((".", "documents."))
        assert item.why
        assert item.advice
        assert json.loads(json.dumps(item.to_dict())) == item.to_dict()
        # A sentence with a number that nobody put in, or a list that was cut wrongly, shows as these.
        assert not re.search(r"nan|None|np\.|\[|  |\binf\b", f"{item.what} {item.why} {item.advice}"), item


@pytest.mark.parametrize("rule", RULES)
def test_without_the_fault_the_rule_is_silent(rule):
    assert [item.what for item in RULES.load(rule)(CASES[rule].near_miss())] == []


@pytest.mark.parametrize("rule", RULES)
def test_data_as_it_should_be_gives_no_finding(rule):
    assert [item.what for item in RULES.load(rule)(look(scores=answers(TRAIN)))] == []


def test_rules_that_are_left_out_say_nothing_and_the_worst_comes_first():
    looked = CASES["label-names-in-text"].fault()
    found = [item.severity for item in find(looked)]
    assert found[0] == "serious"
    assert found == sorted(found, key=SEVERITIES.index)
    left = find(type(looked)(looked.parts, CLOSE.with_values(skip=["label-names-in-text"])))
    assert "label-names-in-text" not in {item.rule for item in left}


def test_an_unknown_rule_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match="did you mean 'near-duplicates'"):
        InspectOptions.parse({"skip": ["near-duplicate"]})


@pytest.mark.parametrize(
    "values", [{"similarity": 0.4}, {"cuts": [100, 10]}, {"sure": 1.0}, {"model_documents": -1}, {"similar": 0.9}]
)
def test_options_out_of_range_are_refused(values):
    with pytest.raises(ConfigError):
        InspectOptions.parse(values)
