"""An interrupted training: resumed from any moment it gives the same bits, and the model at hand stays usable."""

from contextlib import contextmanager

import pytest
from model_cases import CASES, corpora, make, memorisable, same

from manylabel.core.stages import Stages


class Interrupting:
    """Progress that is interrupted at its n-th report."""

    def __init__(self, at):
        self.left = at
        self.reports = 0

    @contextmanager
    def task(self, description, total):
        done = 0

        def advance(units):
            nonlocal done
            done += units
            self.reports += 1
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance
        assert done == total, f"{description}: {done} of {total} were reported"

    def note(self, message):
        pass


def test_every_unit_of_work_is_reported_once():
    for case in CASES:
        progress = Interrupting(0)
        make(case).fit(corpora()[0], progress=progress)
        assert progress.reports > 1


@pytest.mark.parametrize("case", CASES)
def test_resumed_from_every_moment_it_gives_the_same_bits(case, tmp_path):
    train, test = corpora()[0].select(range(150)), corpora()[1]
    counting = Interrupting(0)
    expected = make(case).fit(train, progress=counting).predict(test.texts, 5)
    moments = range(1, counting.reports + 1)
    if len(moments) > 15:
        moments = [*moments[:5], *moments[5:-3:17], *moments[-3:]]
    for moment in moments:
        folder = tmp_path / str(moment)
        model = make(case)
        with pytest.raises(KeyboardInterrupt):
            model.fit(train, stages=Stages.begin(folder, {}, resume=False), progress=Interrupting(moment))
        again = Interrupting(0)
        model.fit(train, stages=Stages.begin(folder, {}, resume=True), progress=again)
        assert same(model.predict(test.texts, 5), expected)


@pytest.mark.parametrize("case", ["linear-tree of three", "linear-ovr"])
def test_interrupted_again_and_again_it_still_ends(case, tmp_path, monkeypatch):
    monkeypatch.setattr("manylabel.linear.one_vs_rest._LABELS_PER_BLOCK", 8)
    monkeypatch.setattr("manylabel.linear.one_vs_rest._BLOCKS_PER_PART", 2)
    train, test = corpora()
    expected = make(case).fit(train).predict(test.texts, 5)
    model = make(case)
    for attempt in range(1, 100):
        stages = Stages.begin(tmp_path / "s", {}, resume=attempt > 1)
        try:
            model.fit(train, stages=stages, progress=Interrupting(attempt))
        except KeyboardInterrupt:
            continue
        break
    assert 2 < attempt < 99
    assert same(model.predict(test.texts, 5), expected)


@pytest.mark.parametrize("case", CASES)
def test_a_model_whose_second_fit_is_interrupted_is_as_it_was(case):
    train, test = corpora()
    model = make(case).fit(train)
    before = model.predict(test.texts, 5)
    for moment in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            model.fit(memorisable(200), progress=Interrupting(moment))
        assert len(model.labels) == 60
        assert same(model.predict(test.texts, 5), before)
