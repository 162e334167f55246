"""The layers of a Hugging Face model, found and cut apart without knowing the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LayerStack:
    """Where the layers of a model are, and what lies around them.

    Attributes:
        path: dotted name of the list of layers.
        size: how many.
        below: dotted names of the modules that are done before the first layer begins.
        above: dotted names of the modules with parameters that are used only when the last layer is done.
        gives_tuples: a layer returns its states as the first of a tuple.
    """

    path: str
    size: int
    below: tuple[str, ...]
    above: tuple[str, ...]
    gives_tuples: bool

    def layers(self, model: nn.Module) -> list[nn.Module]:
        """The layers from the lowest upwards."""
        return list(model.get_submodule(self.path).children())

    def around(self, model: nn.Module) -> tuple[nn.ModuleList, nn.ModuleList]:
        """The modules with parameters outside the layers: those below or between them, and those above."""
        owners = {name: module for name, module in model.named_modules() if _owns_parameters(module)}
        outside = [name for name in owners if not name.startswith(f"{self.path}.")]
        below = [owners[name] for name in outside if name not in self.above]
        return nn.ModuleList(below), nn.ModuleList([owners[name] for name in outside if name in self.above])

    def frozen(self, model: nn.Module, n: int) -> list[nn.Module]:
        """All modules, each by itself, that make the states after n layers; with all layers, what is above too."""
        modules = [model.get_submodule(name) for name in self.below]
        modules += list(self.around(model)[0])
        modules += [part for layer in self.layers(model)[:n] for part in layer.modules()]
        return modules + (list(self.around(model)[1]) if n == self.size else [])

    def upper(self, model: Any, n: int, states: Tensor) -> Any:
        """The model as it goes on from states after its n lowest layers; it shares all parameters.

        Args:
            model: it.
            n: layers whose work is done.
            states: floats ``[B, T, d]``.
        """
        layers = self.layers(model)
        given = [_Given(layer, (states,) if self.gives_tuples else states) for layer in layers[:n]]
        return self._with_layers(model, [*given, *layers[n:]])

    def states_after(self, model: Any, n: int, **arguments: Any) -> Tensor:
        """The states after the n lowest layers, floats ``[B, T, d]``; after all, those that the model gives.

        Args:
            model: it.
            n: layers, at least 1.
            **arguments: of its forward.
        """
        if n == self.size:
            return model(**arguments).last_hidden_state
        layers = self.layers(model)
        try:
            self._with_layers(model, [*layers[:n], *[_Stop(layer) for layer in layers[n:]]])(**arguments)
        except _Reached as reached:
            return reached.states
        raise ValueError("the layers are not run in order")

    def _with_layers(self, model: nn.Module, layers: list[nn.Module]) -> Any:
        """A model of the same modules but for the layers. It is made for one call: nothing of `model` changes."""
        whole = parent = _shallow(model)
        *parts, last = self.path.split(".")
        for part in parts:
            child = _shallow(parent.get_submodule(part))
            parent._modules[part] = child
            parent = child
        parent._modules[last] = nn.ModuleList(layers)
        return whole


def find_layers(model: nn.Module, size: int) -> str | None:
    """The dotted name of the only list of as many modules as a model has layers; None if there is not one."""
    found = [
        name for name, module in model.named_modules() if isinstance(module, nn.ModuleList) and len(module) == size
    ]
    outermost = [name for name in found if not any(name.startswith(f"{other}.") for other in found)]
    return outermost[0] if len(outermost) == 1 else None


def examine(model: nn.Module, size: int, run: Callable[[], Any]) -> LayerStack | None:
    """The layers of a model, by watching it work; None where it has no plain stack of them.

    Args:
        model: it.
        size: its number of layers; 0 where it does not say.
        run: makes it work once.
    """
    path = find_layers(model, size) if size else None
    if path is None or any(_owns_parameters(model.get_submodule(name)) for name in _ancestors(path)):
        return None
    layers = list(model.get_submodule(path).children())
    names = {module: name for name, module in model.named_modules()}
    inside = {module for layer in layers for module in layer.modules()}
    progress = {"begun": False, "done": False, "tuples": False}
    below: list[str] = []
    first_uses: dict[str, bool] = {}

    def before(module: nn.Module, _: Any) -> None:
        if module is layers[0]:
            progress["begun"] = True
        elif module not in inside and _owns_parameters(module):
            first_uses.setdefault(names[module], progress["done"])

    def behind(module: nn.Module, _: Any, output: Any) -> None:
        if module is layers[-1]:
            progress["done"], progress["tuples"] = True, isinstance(output, tuple)
        elif not progress["begun"]:
            below.append(names[module])

    handles = [module.register_forward_pre_hook(before) for module in names]
    handles += [module.register_forward_hook(behind) for module in names]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    if not progress["done"]:
        return None
    above = tuple(name for name, late in first_uses.items() if late)
    return LayerStack(path, size, tuple(dict.fromkeys(below)), above, progress["tuples"])


class _Reached(Exception):
    """Ends a forward whose rest is not needed."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


class _Instead(nn.Module):
    """Stands for a layer, whose attributes a model may look at."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.__dict__["_layer"] = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_layer"], name)


class _Given(_Instead):
    """A layer whose output is known."""

    def __init__(self, layer: nn.Module, output: Any) -> None:
        super().__init__(layer)
        self.__dict__["_output"] = output

    def forward(self, *_: Any, **__: Any) -> Any:
        return self.__dict__["_output"]


class _Stop(_Instead):
    """A layer whose input is all that is wanted."""

    def forward(self, hidden_states: Tensor, *_: Any, **__: Any) -> Any:
        raise _Reached(hidden_states)


def _shallow(module: nn.Module) -> nn.Module:
    copied = copy.copy(module)
    copied.__dict__["_modules"] = dict(module._modules)
    return copied


def _owns_parameters(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _ancestors(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:stop]) for stop in range(len(parts))]


def same_states(one: Tensor, other: Tensor, mask: Tensor) -> bool:
    """Whether two ways to the states agree but for rounding."""
    return one.shape == other.shape and torch.allclose(one[mask], other[mask], atol=1e-3, rtol=1e-3)
