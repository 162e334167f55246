"""Small encoders that are trained, of every kind and with every way of pooling."""

import pytest

from encoder_cases import MISSING, needs_transformers
from manylabel.core.progress import Silent
from manylabel.nn.encoders import ENCODERS

TEXTS = [
    "red apple pie",
    "blue sky",
    "",
    "an old boat in the blue sea, a new sail, a red sky over the old sea",
    "apple",
    "??? !!",
    "new apple pie in the old boat",
    "the red boat",
]
WORDS = {"min_count": 1, "max_length": 12, "embeddings": {"width": 6}}

CASES = {
    "bag": {"kind": "bag", **WORDS},
    "bag-max": {"kind": "bag", "pooling": "max", **WORDS},
    "bag-attention": {"kind": "bag", "pooling": "attention", **WORDS},
    "bag-characters": {"kind": "bag", **WORDS, "characters": True, "max_length": 90},
    "cnn": {"kind": "cnn", "filters": 5, **WORDS},
    "cnn-dynamic-max": {"kind": "cnn", "filters": 3, "activation": "tanh", "pooling": "dynamic-max", **WORDS},
    "bilstm": {"kind": "bilstm", "hidden_dim": 8, **WORDS},
    "bilstm-last": {"kind": "bilstm", "hidden_dim": 8, "layers": 2, "pooling": "last", **WORDS},
    "bigru": {"kind": "bigru", "hidden_dim": 8, "pooling": "mean", "input_convolution": 3, **WORDS},
    "bigru-attention": {"kind": "bigru", "hidden_dim": 8, "layers": 2, "pooling": "attention", **WORDS},
}
NEED_TRANSFORMERS = ("transformer", "windows-of-transformer", "sentence-transformer")
every_case = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=needs_transformers if name.startswith(NEED_TRANSFORMERS) else ()) for name in CASES],
)
HERE = [name for name in CASES if not (MISSING and name.startswith(NEED_TRANSFORMERS))]


def make(options, folder=None):
    """An encoder from its options that knows nothing yet; a folder's name may stand in them as {folder}."""
    options = _in_folder(options, folder)
    return ENCODERS.load(options["kind"])(ENCODERS.section(options["kind"]).parse(options))


def fitted(options, folder=None, *, seed=0, texts=TEXTS, progress=None):
    """The encoder fitted to a few texts, in evaluation mode."""
    import torch

    torch.manual_seed(seed)
    return make(options, folder).fit(texts, progress=progress or Silent()).eval()


def _in_folder(options, folder):
    if isinstance(options, dict):
        return {key: _in_folder(value, folder) for key, value in options.items()}
    return options.format(folder=folder) if isinstance(options, str) and "{folder}" in options else options


class Notes(Silent):
    """Progress that keeps what it is told."""

    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)
