"""The section ``model.train`` of networks, and which documents they are validated on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manylabel.runs.from_libmultilabel.given import Given

_OPTIMISERS = {"adam": "adam", "adamw": "adamw", "sgd": "sgd"}
_PLATEAU = "ReduceLROnPlateau"
_FACTOR, _PATIENCE = 0.1, 10  # what torch takes where scheduler_config says nothing


def training(given: Given, metric: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """How a network is trained.

    Args:
        given: the file.
        metric: by which the best epoch is kept.

    Returns:
        The section ``model.train``, and what belongs in the section ``data``.
    """
    held_out, data = _validation(given)
    stopping = None if held_out == 0 else {"metric": metric, "patience": max(1, given.whole("patience"))}
    if stopping is None:
        given.take("patience")
        for key in ("patience", "early_stopping_metric"):
            given.note_if_given(key, "has no effect without validation documents: the last epoch is kept")
    train: dict[str, Any] = {
        "epochs": given.whole("epochs"),
        "batch_size": given.whole("batch_size"),
        "learning_rate": given.number("learning_rate"),
        **_optimiser(given),
        **_schedule(given, validated=stopping is not None),
        "max_grad_norm": None,
        "early_stopping": stopping,
    }
    if held_out is not None:
        train["validation"] = held_out
    if given.flag("cpu"):
        train["device"] = "cpu"
    return train, data


def _validation(given: Given) -> tuple[float | None, dict[str, Any]]:
    """What is held out, None where a file has the validation documents; and the key ``data.validation``."""
    file, size = given.file("val_file"), given.number("val_size")
    if given.flag("merge_train_val"):
        if file is not None:
            given.warn("merge_train_val", f"one file is trained on: append {file} to the one that data.train names")
        given.note_if_given("val_size", "has no effect beside merge_train_val")
        return 0, {}
    if file is not None:
        given.note_if_given("val_size", "has no effect beside val_file")
        return None, {"validation": file}
    if isinstance(size, float) and not 0 <= size < 1:
        raise given.wrong("val_size", f"a share lies below 1, a number of documents is whole; got {size!r}")
    return size, {}


def _optimiser(given: Given) -> dict[str, Any]:
    name = given.text("optimizer") or "adam"
    if name not in _OPTIMISERS:
        given.warn("optimizer", f"{name} has no counterpart: adam is taken")
    found: dict[str, Any] = {"optim": _OPTIMISERS.get(name, "adam"), "weight_decay": given.number("weight_decay")}
    momentum = given.number("momentum")
    if name == "sgd":
        found["momentum"] = momentum
    else:
        given.note_if_given("momentum", f"has no effect with {name}")
    return found


def _schedule(given: Given, *, validated: bool) -> dict[str, Any]:
    name, options = given.text("lr_scheduler"), given.take("scheduler_config") or {}
    if not isinstance(options, Mapping):
        raise given.wrong("scheduler_config", f"expected a mapping, got {options!r}")
    if name is None:
        if options:
            given.note("scheduler_config", "has no effect without lr_scheduler")
        return {"lr_scheduler_type": "constant", "warmup_ratio": 0.0}
    if name != _PLATEAU or not validated:
        why = "follows validation, and there is none" if name == _PLATEAU else "has no counterpart"
        given.warn("lr_scheduler", f"{name} {why}: the rate stays as it is")
        return {"lr_scheduler_type": "constant", "warmup_ratio": 0.0}
    further = [key for key in options if key not in ("factor", "patience")]
    if further:
        given.warn("scheduler_config", f"has no counterpart for {', '.join(map(str, further))}")
    return {
        "lr_scheduler_type": "plateau",
        "plateau_factor": options.get("factor", _FACTOR),
        "plateau_patience": options.get("patience", _PATIENCE),
        "warmup_ratio": 0.0,
    }
