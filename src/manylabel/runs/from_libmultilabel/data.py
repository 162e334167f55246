"""The section ``data``."""

from __future__ import annotations

from typing import Any

from manylabel.core.config import did_you_mean
from manylabel.runs.from_libmultilabel.given import Given

_FORMATS = {"txt": "libmultilabel", "svm": "svmlight"}


def documents(given: Given, *, linear: bool) -> dict[str, Any]:
    """Where documents and labels lie, and which labels count.

    Raises:
        InputError: no training file, or an unknown format.
    """
    train = given.file("training_file")
    if train is None:
        raise given.wrong("training_file", "names no training documents", "training_file: data/train.txt")
    test, labels = given.file("test_file"), given.file("label_file")
    found: dict[str, Any] = {"train": train}
    if test is not None:
        found["test"] = test
    if labels is not None:
        found["labels"] = {"path": labels, "format": "label_lines"}
    # Labels that its model does not know are no truth for LibMultiLabel, unless it is told otherwise.
    outside = given.flag("include_test_labels")
    if labels is not None or test is None:
        given.note_if_given("include_test_labels", "has no effect without test_file, or beside label_file")
    if labels is not None or test is not None:
        found["unknown_labels"] = "keep" if outside and labels is None else "drop"
    found["format"] = _format(given) if linear else _FORMATS["txt"]
    return found


def _format(given: Given) -> str:
    name = given.text("data_format") or "txt"
    if name not in _FORMATS:
        raise given.wrong("data_format", f"unknown format{did_you_mean(name, _FORMATS)}")
    return _FORMATS[name]
