"""Progress: bars on a terminal, plain notes elsewhere, silence when asked for."""

import io

import pytest

from manylabel.cli import progress
from manylabel.core.progress import SILENT


def test_no_bars_where_standard_error_is_no_terminal(capsys):
    chosen = progress.make_progress(quiet=False)
    with chosen.task("training", 10) as advance:
        advance(10)
    chosen.note("reading [a]")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "reading [a]\n")


def test_quiet_says_nothing():
    assert progress.make_progress(quiet=True) is SILENT


@pytest.mark.parametrize("total", [40, 0])
def test_bars_show_count_and_rate_and_notes_stay_whole(total, monkeypatch):
    from rich.console import Console

    screen = io.StringIO()
    bars = progress.Bars()
    bars._console = Console(file=screen, force_terminal=True, width=100, highlight=False)
    long = "reading [b]" + "x" * 300
    with bars.task("training", total) as advance:
        for _ in range(4):
            advance(10)
        bars.note(long)
    bars.note("after")
    shown = screen.getvalue()
    assert "training" in shown
    assert f"{40}/{total or '?'}" in shown
    assert "/s" in shown
    assert long in shown
    assert "after" in shown
