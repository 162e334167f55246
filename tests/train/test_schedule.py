"""Learning rates over a training."""

import pytest

from manylabel.train.config import TrainConfig
from manylabel.train.schedule import Schedule


def factors(steps=20, **options):
    schedule = Schedule(TrainConfig(**options))
    return [schedule.factor(step / steps, (step + 1) / steps) for step in range(steps)]


def test_linear_is_that_of_hugging_face_without_warm_up():
    assert factors(warmup_ratio=0.0) == pytest.approx([1 - step / 20 for step in range(20)])


@pytest.mark.parametrize("kind", ["linear", "cosine", "constant", "plateau"])
def test_warm_up_rises_to_the_largest_rate_and_no_step_is_lost(kind):
    found = factors(lr_scheduler_type=kind, warmup_ratio=0.2)
    assert found[:3] == pytest.approx([0.25, 0.5, 0.75])
    assert max(found) == pytest.approx(1.0)
    assert min(found) > 0
    falling = found[3:]
    assert falling == sorted(falling, reverse=True)
    assert (falling[-1] < 0.1) == (kind in ("linear", "cosine"))


def test_cosine_is_half_way_in_the_middle():
    assert factors(lr_scheduler_type="cosine", warmup_ratio=0.0)[10] == pytest.approx(0.5)


def test_plateau_falls_after_epochs_that_were_no_better():
    schedule = Schedule(
        TrainConfig(lr_scheduler_type="plateau", plateau_patience=1, plateau_factor=0.1, warmup_ratio=0)
    )
    seen = []
    for better in (True, False, False, False, False, True, False):
        schedule.measured(better)
        seen.append(schedule.factor(0.5, 0.6))
    assert seen == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.01])
    again = Schedule(schedule.config)
    again.restore(schedule.state())
    again.measured(False)
    schedule.measured(False)
    assert again.factor(0.5, 0.6) == schedule.factor(0.5, 0.6) == pytest.approx(0.001)
    with pytest.raises(ValueError, match="follows early_stopping"):
        TrainConfig(lr_scheduler_type="plateau", early_stopping=None)
