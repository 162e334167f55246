"""Linear models: the options of LIBLINEAR, and the ways of LibMultiLabel to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manylabel.core.config import did_you_mean
from manylabel.runs.from_libmultilabel.given import Given

OPTIONS = "liblinear_options"
_TOLERANCE = 0.1
_MOST_PASSES = 1000


@dataclass(frozen=True)
class Solver:
    """One value of ``-s``.

    Attributes:
        loss: ours.
        dual: its ``-e`` means what our tolerance means.
        missing: what ours does in another way.
    """

    loss: str
    dual: bool = False
    missing: str = ""


_SQUARED, _LOGISTIC = "squared-hinge", "logistic"
_NO_L1 = "an L1 regulariser has no counterpart: L2 is taken"

SOLVERS = {
    0: Solver(_LOGISTIC),
    1: Solver(_SQUARED, dual=True),
    2: Solver(_SQUARED),
    3: Solver(_SQUARED, dual=True, missing="the hinge loss has no counterpart: its square is taken"),
    4: Solver(_SQUARED, dual=True, missing="one classifier of all classes has no counterpart: each has its own"),
    5: Solver(_SQUARED, missing=_NO_L1),
    6: Solver(_LOGISTIC, missing=_NO_L1),
    7: Solver(_LOGISTIC, dual=True),
}

TECHNIQUES: dict[str, tuple[dict[str, Any], str]] = {
    "1vsrest": ({"kind": "linear-ovr"}, ""),
    "thresholding": (
        {"kind": "linear-ovr"},
        "thresholds are found after training: manylabel decide RUN --method per-label",
    ),
    "cost_sensitive": ({"kind": "linear-ovr", "cost_search": "macro-F1"}, ""),
    "cost_sensitive_micro": ({"kind": "linear-ovr", "cost_search": "micro-F1"}, ""),
    "binary_and_multiclass": (
        {"kind": "linear-ovr"},
        "each class has a classifier of its own; for exactly one label a document set evaluate.top_n=1",
    ),
    "tree": ({"kind": "linear-tree"}, ""),
}
"""Model and, where it is not quite the same, what is said."""


def technique(given: Given) -> dict[str, Any]:
    """The kind of model that ``linear_technique`` means, with its own options.

    Raises:
        InputError: an unknown one.
    """
    name = given.text("linear_technique") or "1vsrest"
    if name not in TECHNIQUES:
        raise given.wrong("linear_technique", f"unknown technique{did_you_mean(name, TECHNIQUES)}")
    model, said = TECHNIQUES[name]
    if said:
        given.warn("linear_technique", said)
    return dict(model)


def solver(given: Given) -> dict[str, Any]:
    """The section ``solver``: what ``liblinear_options`` says, and what LIBLINEAR does where it says nothing.

    Raises:
        InputError: options that LIBLINEAR would refuse.
    """
    options = _parsed(given, (given.text(OPTIONS) or "").split())
    number = int(options.pop("-s", 1))
    if number not in SOLVERS:
        raise given.wrong(OPTIONS, f"-s {number}: expected one of {', '.join(map(str, SOLVERS))}")
    kind = SOLVERS[number]
    if kind.missing:
        given.warn(OPTIONS, f"-s {number}: {kind.missing}")
    tolerance = options.pop("-e", None)
    if tolerance is not None and not kind.dual:
        given.note(OPTIONS, f"-e {tolerance:g}: that of a primal solver is another measure; tolerance is {_TOLERANCE}")
    bias = options.pop("-B", -1.0)
    positive, negative = options.pop("-w1", 1.0), options.pop("-w-1", 1.0)
    found: dict[str, Any] = {
        "loss": kind.loss,
        "cost": options.pop("-c", 1.0) * negative,
        "tolerance": tolerance if tolerance is not None and kind.dual else _TOLERANCE,
        "max_iterations": _MOST_PASSES,
        "bias": max(bias, 0.0),
        "prune": 0.0,
    }
    if positive != negative:
        found["positive_cost"] = positive / negative
    if options.pop("-m", None) is not None:
        given.note(OPTIONS, "-m: all cores are used; the variable NUMBA_NUM_THREADS sets another number")
    for name in options:
        given.warn(OPTIONS, f"{name} has no counterpart")
    return found


def _parsed(given: Given, words: list[str]) -> dict[str, float]:
    """The options with their values; ``-q`` is left out, as nothing is printed."""
    found: dict[str, float] = {}
    words = [word for word in words if word != "-q"]
    for name, value in zip(words[::2], [*words[1::2], ""], strict=False):
        if name in ("-R", "-C", "-v"):
            raise given.wrong(OPTIONS, f"{name} is refused by LibMultiLabel, too", "leave it out")
        try:
            found[name] = float(value)
        except ValueError:
            raise given.wrong(OPTIONS, f"expected an option and a number, got {name} {value}") from None
        if not name.startswith("-"):
            raise given.wrong(OPTIONS, f"expected an option, got {name}")
    return found
