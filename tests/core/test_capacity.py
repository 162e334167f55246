"""What fits: estimates against the memory that is there."""

import os
from pathlib import Path

import pytest

from manylabel.core import capacity
from manylabel.core.capacity import Estimate, available_memory, format_bytes, format_seconds, n_threads, require_memory
from manylabel.core.errors import CapacityError

GB = 10**9


def write(folder: Path, **files: object) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("memory_", "memory.", 1)).write_text(f"{content}\n")


def test_without_a_control_group_free_memory_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "_CONTROL_GROUP", tmp_path)
    assert 0 < available_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_the_control_group_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "_CONTROL_GROUP", tmp_path)
    unlimited = available_memory()
    write(tmp_path, memory_max="max", memory_current=5)
    assert available_memory() > unlimited / 2
    write(tmp_path, memory_max=10_000, memory_current=4_000)
    assert available_memory() == 6_000
    write(tmp_path, memory_max=10_000, memory_current=12_000)
    assert available_memory() == 0
    # The file cache counts as used, but makes room.
    write(tmp_path, memory_current=9_000, memory_stat="anon 1000\ninactive_file 5000\nactive_file 3000\nfile 8000")
    assert available_memory() == 9_000


def test_the_older_control_groups_limit_too(tmp_path, monkeypatch):
    monkeypatch.setattr(capacity, "_CONTROL_GROUP", tmp_path)
    write(tmp_path / "memory", memory_limit_in_bytes=10_000, memory_usage_in_bytes=9_000)
    assert available_memory() == 1_000
    write(tmp_path / "memory", memory_stat="inactive_file 1\ntotal_inactive_file 500\ntotal_active_file 250")
    assert available_memory() == 1_750


def test_what_cannot_fit_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(capacity, "available_memory", lambda: 6 * GB)
    monkeypatch.setattr(capacity, "resident_memory", lambda: 2 * GB)
    require_memory(Estimate(8 * GB, 1.0, "many labels"), remedy="use fewer")
    with pytest.raises(CapacityError, match=r"12\.3 GB .*\(many labels\).* only 8\.0 GB are available: use fewer"):
        require_memory(Estimate(int(12.3 * GB), 100.0, "many labels"), remedy="use fewer")


def test_what_the_process_holds_is_counted():
    before = capacity.resident_memory()
    held = b"x" * 50_000_000
    assert capacity.resident_memory() - before > 0.9 * len(held)


def test_at_least_one_thread():
    assert 1 <= n_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (2.5e6, "2.5 MB"), (16e9, "16.0 GB"), (3e15, "3000.0 TB")],
)
def test_sizes_for_people(number, text):
    assert format_bytes(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "250 ms"), (1, "1 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")]
)
def test_durations_for_people(seconds, text):
    assert format_seconds(seconds) == text
