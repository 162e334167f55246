"""What encoders of token numbers have in common: texts are cut into tokens, shortened, and framed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from manylabel.core.progress import SILENT, Progress
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.encoders.ragged import note_cut, take_pieces
from manylabel.nn.inputs import Inputs


class TokenEncoder(Encoder):
    """Base of the encoders that read token numbers; :class:`manylabel.nn.encoders.windows.Windows` takes any of them.

    Attributes:
        longest: tokens that it reads of a document at most, special ones included; known once fitted.
        frame: the special tokens before and behind a document.
        empty: the only token of a document without any, where the frame is empty.
    """

    longest: int
    frame: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    empty: int

    @abstractmethod
    def tokens(self, texts: Sequence[str], *, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Token numbers of whole texts, without special ones.

        Returns:
            int32 ``[tokens]``, those of one text behind the other's, and int64 ``[n]``, how many each text has.
        """

    def prepare(self, inputs: Inputs, *, progress: Progress = SILENT) -> Inputs:
        """What :meth:`forward` takes instead of framed token numbers; here they themselves."""
        del progress
        return inputs

    def inputs(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Inputs:
        """The first tokens of each text, framed; see :meth:`Encoder.inputs`."""
        values, lengths = self.tokens(texts, progress=progress)
        most = self.longest - sum(map(len, self.frame))
        note_cut(lengths, most, progress)
        begins = np.cumsum(lengths) - lengths
        framed = take_pieces(values, begins, np.minimum(lengths, most), frame=self.frame, empty=self.empty)
        return self.prepare(framed, progress=progress)
