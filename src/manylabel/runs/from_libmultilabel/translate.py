"""From a configuration of LibMultiLabel to one of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manylabel.runs.config import parse_config
from manylabel.runs.from_libmultilabel import data, linear, metrics, trees
from manylabel.runs.from_libmultilabel.given import Given
from manylabel.runs.from_libmultilabel.keys import ATTENTION_XML, LINEAR, TRANSFORMER, TREE
from manylabel.runs.from_libmultilabel.networks import network_of
from manylabel.runs.from_libmultilabel.training import training

_LOSSES = {"binary_cross_entropy_with_logits": "bce", "multilabel_soft_margin_loss": "bce", "cross_entropy": "softmax"}


@dataclass(frozen=True)
class Translation:
    """What a file has become.

    Attributes:
        source: the file.
        values: the sections as nested dictionaries; what they leave out is at our defaults.
        warnings: lines on what has no counterpart, or is not quite the same.
        notes: lines on what is left out because something else takes its place.
    """

    source: Path
    values: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """The configuration, readable by :func:`manylabel.runs.config.read_config`."""
        import yaml

        text = yaml.safe_dump(self.values, sort_keys=False, allow_unicode=True, width=120)
        return f"# From {self.source.name} of LibMultiLabel. Paths are relative to the current directory.\n{text}"


def translate(path: str | Path, *, data_root: str | None = None) -> Translation:
    """Read a configuration of LibMultiLabel (``main.py``, ``search_params.py``) and say the same in our words.

    Every key of the file is translated or spoken of. The result is checked as any configuration is.

    Args:
        path: its YAML file.
        data_root: a folder that is put before relative paths in it.

    Raises:
        InputError: a file that is missing or no mapping, no training file, an unknown model, a value of a wrong type.
        ConfigMistakes: values of the right type that cannot be.
    """
    given = Given(Path(path), data_root)
    if given.flag("linear"):
        family, values = _linear(given)
    else:
        family, values = _network(given)
    given.say_what_is_left(family)
    parse_config(values, source=str(path))
    return Translation(Path(path), values, given.warnings, given.notes)


def _linear(given: Given) -> tuple[str, dict[str, Any]]:
    found = data.documents(given, linear=True)
    model = {**linear.technique(given), **_seed(given)}
    family = TREE if model["kind"] == "linear-tree" else LINEAR
    if family == TREE:
        model |= trees.linear_tree(given)
    model["solver"] = linear.solver(given)
    if found["format"] != "svmlight":
        model["features"] = {"analyzer": "word"}
    return family, {"data": found, "model": model, "evaluate": metrics.evaluation(given, None, threshold=None)}


def _network(given: Given) -> tuple[str, dict[str, Any]]:
    found = data.documents(given, linear=False)
    network, parts = network_of(given)
    tree = network.family == ATTENTION_XML
    followed = metrics.followed(given)
    train, validation = training(given, followed)
    model = {
        "kind": "attention-xml" if tree else "network",
        **parts,
        "loss": _loss(given, tree=tree),
        **(trees.clusters(given) if tree else {}),
        "train": train,
        **_seed(given),
    }
    if network.family == TRANSFORMER and given.take("init_weight") is not None:
        given.warn(
            "init_weight", "would draw pretrained weights anew in LibMultiLabel (null keeps them); here they are kept"
        )
    threshold = given.number("metric_threshold")
    evaluate = metrics.evaluation(given, followed, threshold=None if threshold == 0.5 else threshold)
    first = {"train": found.pop("train"), **validation}
    return network.family, {"data": {**first, **found}, "model": model, "evaluate": evaluate}


def _loss(given: Given, *, tree: bool) -> str:
    name = given.text("loss_function") or "binary_cross_entropy_with_logits"
    if name not in _LOSSES:
        given.warn("loss_function", f"{name} has no counterpart: bce is taken (docs: Losses)")
    elif _LOSSES[name] == "softmax" and tree:
        given.warn("loss_function", f"{name} cannot train a tree: bce is taken")
        return "bce"
    return _LOSSES.get(name, "bce")


def _seed(given: Given) -> dict[str, int]:
    if given.take("seed") is None:
        return {}
    seed = given.whole("seed")
    if seed < 0:
        given.note("seed", "is no seed for LibMultiLabel either: 0 is taken")
        return {}
    return {"seed": seed}
