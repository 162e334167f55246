"""What can score documents, seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from manylabel.core.labels import LabelSpace
    from manylabel.core.topk import TopK


@runtime_checkable
class Scorer(Protocol):
    """Texts in, :class:`~manylabel.core.topk.TopK` out."""

    @property
    def labels(self) -> LabelSpace:
        """The label space of the scores, with the number of training documents of each label."""
        ...

    def predict(self, texts: Sequence[str], k: int = 10) -> TopK:
        """The k best labels of each text, best first, ties by label index."""
        ...
