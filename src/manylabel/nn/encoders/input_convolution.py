"""A convolution between the vectors of tokens and the encoder proper."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from manylabel.nn.convolution import convolve


class InputConvolution(nn.Module):
    """Adds to each vector what a convolution finds around it: ``x + gelu(conv(x))``.

    It starts at zero, so that a pretrained encoder begins with the vectors that it knows.

    Args:
        width: numbers of a vector.
        size: tokens that the convolution sees.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, size)
        nn.init.zeros_(self.convolution.weight)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Vectors of the same shape.

        Args:
            vectors: floats ``[B, T, d]``.
            mask: bool ``[B, T]``; what stands in the padding is not seen, and becomes zero.
        """
        vectors = vectors * mask[:, :, None]
        before = (self.convolution.kernel_size[0] - 1) // 2
        found = functional.gelu(convolve(vectors, self.convolution, before))
        return vectors + found * mask[:, :, None]
