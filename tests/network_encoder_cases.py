"""Small encoders that are trained, of every kind and with every way of pooling."""

import pytest

from encoder_cases import MISSING, needs_transformers, save_model, save_vectors
from manylabel.core.progress import Silent
from manylabel.nn.encoders import ENCODERS

TEXTS = [
    "red apple pie",
    "blue sky",
    "",
    "an old boat in the blue sea, a new sail, a red sky over the old sea, a pie in the blue sky and an apple on a boat "
    "with a new red sail",
    "apple",
    "??? !!",
    "new apple pie in the old boat",
    "the red boat",
]
WORDS = {"min_count": 1, "max_length": 12, "embeddings": {"width": 6}}
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
WINDOWS = {"window": 6, "max_windows": 4}
SPREAD = {**SMALL, "initializer_range": 0.5}
FOLDER = {"kind": "transformer", "model": "{folder}/bert", "max_length": 12}


def random(model_type, *, max_length=12, sizes=SPREAD, **more):
    """A transformer with random weights; `more` are options of its configuration."""
    configuration = {"model_type": model_type, "max_position_embeddings": 40, **sizes, **more}
    return {"kind": "transformer", "configuration": configuration, "max_length": max_length, "vocabulary_size": 60}


DISTILBERT = {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 24, "initializer_range": 0.5}
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
    "transformer": random("bert"),
    "transformer-folder": {**FOLDER, "pooling": "mean"},
    "transformer-frozen": {**FOLDER, "frozen_layers": 1, "pooling": "attention"},
    "transformer-kept": {**FOLDER, "frozen_layers": 1, "cache_states": True, "pooling": "max"},
    "transformer-all-kept": {**FOLDER, "frozen_layers": 2, "cache_states": True, "pooling": "attention"},
    "transformer-last-layers": {**random("roberta"), "pooling": "last-layers", "last_layers": 2},
    "transformer-modernbert": {**random("modernbert", local_attention=4), "input_convolution": 3},
    "transformer-distilbert-kept": {
        **random("distilbert", sizes=DISTILBERT),
        "frozen_layers": 1,
        "cache_states": True,
        "pooling": "last-layers",
        "last_layers": 2,
    },
    "transformer-longformer": random("longformer", attention_window=4),
    "transformer-bigbird": random("big_bird", max_length=36, block_size=4, num_random_blocks=1),
    "transformer-bigbird-kept": {
        **random("big_bird", max_length=36, block_size=4, num_random_blocks=1),
        "frozen_layers": 1,
        "cache_states": True,
    },
    "windows": {"kind": "windows", "encoder": {"kind": "cnn", "filters": 5, **WORDS}, **WINDOWS},
    "windows-tokens": {
        "kind": "windows",
        "encoder": {"kind": "bilstm", "hidden_dim": 8, **WORDS},
        **WINDOWS,
        "training_windows": 2,
        "states": "tokens",
    },
    "windows-of-transformer": {
        "kind": "windows",
        "encoder": {**random("bert"), "pooling": "mean"},
        **WINDOWS,
        "training_windows": 2,
        "attention_layers": 2,
    },
    "windows-of-transformer-kept": {
        "kind": "windows",
        "encoder": {**FOLDER, "frozen_layers": 1, "cache_states": True},
        **WINDOWS,
        "stride": 2,
        "states": "tokens",
    },
    "sentence": {"kind": "sentence", "encoder": {"kind": "word-vectors", "vectors": "{folder}/vectors.txt"}},
    "sentence-transformer": {"kind": "sentence", "encoder": {"kind": "transformer", "model": "{folder}/bert"}},
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

    if "{folder}/vectors" in str(options):
        save_vectors(folder / "vectors.txt")
    if "{folder}/bert" in str(options):
        save_model(folder / "bert")
    torch.manual_seed(seed)
    return make(options, folder).fit(texts, progress=progress or Silent()).eval()


def shaken(encoder):
    """The encoder with random numbers where parameters begin at zero, so that each of them shows."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    return encoder


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
