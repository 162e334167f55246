"""Norms that gradients are cut to."""

import json
import math

import pytest

from manylabel.core.errors import ConfigError
from manylabel.train.clipping import Clipping
from manylabel.train.config import TrainConfig


def clipping(value):
    return Clipping(TrainConfig(max_grad_norm=value))


@pytest.mark.parametrize(("value", "limit"), [(None, math.inf), (0.3, 0.3)])
def test_a_fixed_norm_stays_whatever_was_seen(value, limit):
    made = clipping(value)
    for norm in (0.1, 100.0):
        assert made.limit() == limit
        made.seen(norm)


def test_adaptive_is_five_times_the_largest_of_the_last_five():
    made = clipping("adaptive")
    limits = []
    for norm in (30.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 7.0):
        limits.append(made.limit())
        made.seen(norm)
    # The first is not cut; until five norms are known the queue holds the infinite one that it begins with; then the
    # 1 that 30 was taken for, then 0.1; of 0.5 no more than twice 0.1 is remembered, of 7 no more than twice 0.2.
    assert limits == [math.inf] * 5 + [5.0, 0.5, 1.0]
    assert made.limit() == pytest.approx(2.0)


def test_it_goes_on_from_its_state():
    one, other = clipping("adaptive"), clipping("adaptive")
    one.seen(0.2)
    other.restore(json.loads(json.dumps(one.state())))
    for norm in (0.2, 0.3, 0.1, 0.2, 0.2, 0.1):
        one.seen(norm)
        other.seen(norm)
        assert one.limit() == other.limit()


@pytest.mark.parametrize("value", [0, -1.0, "often"])
def test_what_cannot_be(value):
    with pytest.raises(ConfigError, match="max_grad_norm"):
        TrainConfig.parse({"max_grad_norm": value})
