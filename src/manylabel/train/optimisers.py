"""Optimisers over groups of parameters, dense and sparse ones side by side, and the norm of their gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from manylabel.train.config import TrainConfig
from manylabel.train.row_adam import RowAdam
from manylabel.train.task import ParameterGroup


class Optimisers:
    """One optimiser for dense parameters and one for those whose gradients hold single rows.

    Matrices decay, vectors (biases, norms) do not. For sparse gradients Adam is lazy: moments of rows without gradient
    stay as they are (:class:`RowAdam`), and nothing decays.

    Args:
        groups: what is trained; parameters that need no gradient are left out.
        config: of the training.
    """

    def __init__(self, groups: Sequence[ParameterGroup], config: TrainConfig) -> None:
        dense: list[dict[str, Any]] = []
        sparse: list[dict[str, Any]] = []
        for group in groups:
            rows = _sparse_parameters(group.module)
            taken = [parameter for parameter in group.module.parameters() if parameter.requires_grad]
            of_rows = [parameter for parameter in taken if id(parameter) in rows]
            matrices = [p for p in taken if id(p) not in rows and p.dim() > 1]
            vectors = [p for p in taken if id(p) not in rows and p.dim() <= 1]
            dense += _group(matrices, group.learning_rate, config.weight_decay)
            dense += _group(vectors, group.learning_rate, 0.0)
            sparse += _group(of_rows, group.learning_rate, 0.0)
        self._each: list[torch.optim.Optimizer] = []
        if dense:
            self._each.append(_dense(dense, config))
        if sparse:
            self._each.append(_sparse(sparse, config))
        self.dense = [parameter for group in dense for parameter in group["params"]]
        self.sparse = [parameter for group in sparse for parameter in group["params"]]
        self.parameters = [p for each in self._each for group in each.param_groups for p in group["params"]]

    def unscale(self, scaler: torch.amp.GradScaler) -> None:
        """Take a scaler's factor from the gradients, where one is in use."""
        for each in self._each:
            scaler.unscale_(each)

    def step(self, factor: float, scaler: torch.amp.GradScaler) -> None:
        """Move the weights at `factor` of the largest rates; a scaler in use passes over gradients that overflowed."""
        for each in self._each:
            for group in each.param_groups:
                group["lr"] = group["largest"] * factor
            scaler.step(each)
        scaler.update()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for each in self._each:
            each.zero_grad(set_to_none=True)

    @property
    def learning_rate(self) -> float:
        """The rate of the last step of the last group, which is the head's."""
        return float(self._each[0].param_groups[-1]["lr"])

    def state(self) -> dict[str, Any]:
        """Nested dictionaries, lists, numbers and tensors, for a checkpoint."""
        return {str(number): each.state_dict()["state"] for number, each in enumerate(self._each)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        for number, each in enumerate(self._each):
            kept = {int(index): values for index, values in state[str(number)].items()}
            each.load_state_dict({"state": kept, "param_groups": each.state_dict()["param_groups"]})


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """The Euclidean norm of all gradients together, a scalar. Rows of sparse ones are put together once and for all."""
    norms = []
    for parameter in parameters:
        if parameter.grad is not None:
            if parameter.grad.is_sparse:
                parameter.grad = _coalesced(parameter.grad)
            values = parameter.grad.values() if parameter.grad.is_sparse else parameter.grad
            norms.append(torch.linalg.vector_norm(values.float()))
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.zeros(())


def scale_gradients(parameters: Iterable[nn.Parameter], factor: float) -> None:
    """Multiply all gradients."""
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.mul_(factor)


def _coalesced(gradient: Tensor) -> Tensor:
    """Each row once, in order. Where it is so already nothing is copied: torch forgets that it was told."""
    rows = gradient._indices()[0]
    ascending = gradient.sparse_dim() == 1 and bool((rows[1:] > rows[:-1]).all())
    return gradient._coalesced_(True) if ascending else gradient.coalesce()


def _group(parameters: list[nn.Parameter], rate: float, decay: float) -> list[dict[str, Any]]:
    return [{"params": parameters, "lr": rate, "largest": rate, "weight_decay": decay}] if parameters else []


def _sparse_parameters(module: nn.Module) -> set[int]:
    """Parameters whose gradients hold single rows: those that modules name in ``by_row``, and torch's embeddings."""
    found = {id(getattr(part, name)) for part in module.modules() for name in getattr(part, "by_row", ())}
    return found | {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding) and part.sparse}


def _dense(groups: list[dict[str, Any]], config: TrainConfig) -> torch.optim.Optimizer:
    if config.optim == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=config.momentum)
    betas = (config.adam_beta1, config.adam_beta2)
    made = torch.optim.AdamW if config.optim == "adamw" else torch.optim.Adam
    # Fused: one pass over weights, gradients and moments in place of a dozen.
    return made(groups, lr=0.0, betas=betas, eps=config.adam_epsilon, fused=True)


def _sparse(groups: list[dict[str, Any]], config: TrainConfig) -> torch.optim.Optimizer:
    plain = [{key: value for key, value in group.items() if key != "weight_decay"} for group in groups]
    if config.optim == "sgd":
        return torch.optim.SGD(plain, lr=0.0)
    return RowAdam(plain, betas=(config.adam_beta1, config.adam_beta2), eps=config.adam_epsilon)
