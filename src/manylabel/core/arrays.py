"""Named arrays in one safetensors file, memory-mapped on load."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from manylabel.core.errors import RunError

_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "U32": np.uint32,
    "I32": np.int32,
    "U64": np.uint64,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name to one safetensors file.

    Raises:
        OSError: the disk refuses (full, read-only, no permission).
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        # Not ascontiguousarray, which makes a vector of a scalar.
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, str(path))
    except SafetensorError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None
    # The library makes its file for the owner alone; a run is as readable as whatever else the user writes.
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)


def load_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Open a safetensors file without reading it: every array is a read-only view of one memory map.

    Raises:
        RunError: missing, damaged or not a safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        # The library checks the header (sizes, overlaps, bounds); the map below then cannot leave the file.
        with safe_open(str(path), framework="numpy") as checked:
            names = list(checked.keys())
        with path.open("rb") as file:
            header_bytes = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(header_bytes))
    except FileNotFoundError:
        raise RunError(f"{path}: no such file") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path}: is not a readable safetensors file: {error}") from None
    if not names:
        return {}
    buffer = np.memmap(path, mode="r", dtype=np.uint8)
    start = 8 + header_bytes
    return {name: _view(buffer, header[name], start, path) for name in names}


def _view(buffer: np.memmap, entry: Mapping, start: int, path: Path) -> np.ndarray:
    dtype = _DTYPES.get(entry["dtype"])
    if dtype is None:
        raise RunError(f"{path}: holds arrays of the type {entry['dtype']}, which no part of manylabel writes")
    begin, end = entry["data_offsets"]
    raw = buffer[start + begin : start + end]
    if (raw.ctypes.data % np.dtype(dtype).itemsize) != 0:
        raw = raw.copy()  # the format aligns the whole block only, numba wants every array aligned
    return raw.view(dtype).reshape(entry["shape"]).view(np.ndarray)


def check_offsets(offsets: np.ndarray, parts: int, end: int, name: str) -> None:
    """Make sure that `offsets` cut a list of `end` items into `parts` pieces, as a compiled loop takes for granted.

    Raises:
        ValueError: they do not.
    """
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) != parts + 1:
        raise ValueError(f"{name} must be {parts + 1} whole numbers")
    if offsets[0] != 0 or offsets[-1] != end or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"{name} must rise from 0 to {end}")


def with_prefix(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays under ``prefix.name``, for putting several parts into one file."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def without_prefix(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that :func:`with_prefix` put under `prefix`, under their own names."""
    cut = len(prefix) + 1
    return {name[cut:]: array for name, array in arrays.items() if name.startswith(f"{prefix}.")}
