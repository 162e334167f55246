"""The keys with the largest products, tile by tile on the device where they are: quick, for use while training."""

from __future__ import annotations

import torch
from torch import Tensor

_CELLS_AT_ONCE = 1 << 24
"""Products of a tile at most."""


@torch.inference_mode()
def largest_products(queries: Tensor, keys: Tensor, k: int, *, tile: int = 1 << 14) -> tuple[Tensor, Tensor]:
    """The k largest products of each query.

    Which of several equal ones are among the last is left to chance; those that are found stand in order of their
    numbers.

    Args:
        queries: floats ``[n, d]``.
        keys: floats ``[N, d]``.
        k: how many, N at most.
        tile: keys of a tile at most.

    Returns:
        Numbers of keys int64 ``[n, k]``, the largest product first, and the products, floats.
    """
    numbers, products = [], []
    for block in queries.split(max(1, _CELLS_AT_ONCE // max(min(tile, len(keys)), 1))):
        best = torch.zeros((len(block), 0), dtype=torch.int64, device=keys.device)
        values = block.new_zeros((len(block), 0))
        for first in range(0, len(keys), tile):
            part = keys[first : first + tile]
            found = (block @ part.T).topk(min(k, len(part)), dim=1)
            best = torch.cat([best, found.indices + first], dim=1)
            values = torch.cat([values, found.values], dim=1)
            if values.shape[1] > k:
                values, places = values.topk(k, dim=1)
                best = best.gather(1, places)
        in_order = best.argsort(dim=1)
        best, values = best.gather(1, in_order), values.gather(1, in_order)
        falling = values.argsort(dim=1, descending=True, stable=True)
        numbers.append(best.gather(1, falling))
        products.append(values.gather(1, falling))
    return torch.cat(numbers), torch.cat(products)
