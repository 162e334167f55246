"""Named arrays on disk: every type and shape comes back, mapped and read-only, and damage has a name."""

import json
import struct

import numpy as np
import pytest

from manylabel.core.arrays import load_arrays, save_arrays, with_prefix, without_prefix
from manylabel.core.errors import RunError

TYPES = [np.bool_, *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), "f2", "f4", "f8"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays.safetensors"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 4), (2, 0, 3), (2, 3), (1, 1, 1)])
def test_every_type_and_shape_comes_back(path, dtype, shape):
    numbers = np.random.default_rng(0).integers(0, 2, size=shape).astype(dtype)
    save_arrays(path, {"a": numbers, "odd": np.array([True]), "b": numbers})
    loaded = load_arrays(path)
    assert sorted(loaded) == ["a", "b", "odd"]
    for name in ("a", "b"):
        assert loaded[name].dtype == numbers.dtype
        assert loaded[name].shape == shape
        np.testing.assert_array_equal(loaded[name], numbers)


def test_extreme_values_come_back(path):
    arrays = {
        "floats": np.array([np.inf, -np.inf, np.nan, -0.0, 5e-324, np.finfo(np.float64).max]),
        "integers": np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max]),
    }
    save_arrays(path, arrays)
    for name, array in load_arrays(path).items():
        assert array.tobytes() == arrays[name].tobytes()


def test_views_and_other_byte_orders_come_back(path):
    grid = np.arange(12, dtype=np.int32).reshape(3, 4)
    arrays = {"columns": grid[:, ::2], "turned": grid.T, "backwards": grid[::-1], "big": grid.astype(">i4")}
    save_arrays(path, arrays)
    for name, array in load_arrays(path).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_loaded_arrays_are_read_only_views_of_the_file(path):
    save_arrays(path, {"a": np.arange(1000, dtype=np.float32)})
    loaded = load_arrays(path)["a"]
    assert type(loaded) is np.ndarray
    assert not loaded.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 1
    base = loaded
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_arrays_are_aligned_wherever_they_lie_in_the_file(path):
    """A header of any length puts the data at any address."""
    data = struct.pack("<b", 7) + struct.pack("<d", 2.5)
    for padding in range(8):
        header = json.dumps(
            {
                "one": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]},
                "two": {"dtype": "F64", "shape": [1], "data_offsets": [1, 9]},
            }
        ).encode()
        header += b" " * (-len(header) % 8 + padding)
        path.write_bytes(len(header).to_bytes(8, "little") + header + data)
        loaded = load_arrays(path)
        assert loaded["two"].flags.aligned
        assert loaded["two"].tolist() == [2.5]
        assert loaded["one"].tolist() == [7]


def test_no_arrays_at_all(path):
    save_arrays(path, {})
    assert load_arrays(path) == {}


def test_types_that_nothing_writes_are_refused(path):
    header = json.dumps({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(RunError, match="BF16"):
        load_arrays(path)


def test_objects_are_not_saved(path):
    with pytest.raises(Exception, match="object"):
        save_arrays(path, {"a": np.array([object()])})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 8,
        b"\x02\0\0\0\0\0\0\0{",
        (2).to_bytes(8, "little") + b"[]",
        b'\x08\0\0\0\0\0\0\0{"a": 1}',
        b"\x01\0\0\0\0\0\0\0{",
    ],
)
def test_damaged_files_are_named(path, content):
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"arrays\.safetensors: ") as caught:
        load_arrays(path)
    assert "\n" not in str(caught.value)


def test_arrays_that_reach_beyond_the_file_or_into_each_other(path):
    for offsets in ([0, 16], [4, 12], [-8, 0], [8, 0]):
        header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": offsets}}).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
        with pytest.raises(RunError):
            load_arrays(path)
    save_arrays(path, {"a": np.arange(100)})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError):
        load_arrays(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(RunError, match="no such file"):
        load_arrays(tmp_path / "absent.safetensors")
    with pytest.raises(RunError, match="not a readable safetensors file"):
        load_arrays(tmp_path)
    with pytest.raises(OSError, match="No such file") as caught:
        save_arrays(tmp_path / "absent" / "a.safetensors", {"a": np.zeros(1)})
    assert caught.value.filename.endswith("a.safetensors")


def test_prefixes_keep_parts_apart():
    parts = {**with_prefix("a", {"x": np.zeros(1), "y.z": np.ones(1)}), **with_prefix("ab", {"x": np.full(1, 2.0)})}
    assert sorted(parts) == ["a.x", "a.y.z", "ab.x"]
    assert {name: array[0] for name, array in without_prefix("a", parts).items()} == {"x": 0, "y.z": 1}
    assert without_prefix("b", parts) == {}


def test_files_are_as_readable_as_others(tmp_path):
    (tmp_path / "other").touch()
    save_arrays(tmp_path / "a.safetensors", {"x": np.zeros(3)})
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode
