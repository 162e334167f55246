"""The networks of LibMultiLabel: encoder and head of each, and what stands below ``network_config``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from manylabel.core.config import did_you_mean
from manylabel.runs.from_libmultilabel.given import NETWORK, Given
from manylabel.runs.from_libmultilabel.keys import ATTENTION_XML, TRANSFORMER, WORDS

_ACTIVATIONS = ("relu", "tanh")
_GLOVE = ("glove.42B.300d", "glove.840B.300d", "glove.6B.50d", "glove.6B.100d", "glove.6B.200d", "glove.6B.300d")
_SPECIAL = 2
"""Tokens that a transformer has around a window."""

Parts = dict[str, Any]
"""The sections ``encoder`` and ``head``."""


@dataclass(frozen=True)
class Network:
    """One value of ``model_name``.

    Attributes:
        family: one of those in :mod:`keys`.
        defaults: of its options below ``network_config``; None where LibMultiLabel has none.
        parts: makes encoder and head, given the file and the values of these options.
    """

    family: str
    defaults: Mapping[str, Any]
    parts: Callable[[Given, Options], Parts]


class Options:
    """The options of a network below ``network_config``, with its own defaults."""

    def __init__(self, given: Given, defaults: Mapping[str, Any]) -> None:
        self._given, self._defaults = given, defaults

    def whole(self, name: str) -> int:
        """A whole number."""
        return self._given.whole(self._known(name), self._defaults[name])

    def share(self, name: str) -> float:
        """Of numbers that are dropped."""
        return float(self._given.number(self._known(name), self._defaults[name]))

    def wholes(self, name: str) -> list[int]:
        """Whole numbers; there must be some."""
        return self._given.wholes(self._known(name))

    def text(self, name: str) -> str:
        """A string."""
        return self._given.text(self._known(name)) or self._defaults[name]

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._given.flag(self._known(name))

    def warn(self, name: str, text: str) -> None:
        """Say what is not the same afterwards."""
        self._given.warn(self._known(name), text)

    def note(self, name: str, text: str) -> None:
        """Say why an option that is given is left out."""
        self._given.note_if_given(self._known(name), text)

    def _known(self, name: str) -> str:
        return f"{NETWORK}.{name}"


def network_of(given: Given) -> tuple[Network, Parts]:
    """The network that the file names, its encoder and its head.

    Raises:
        InputError: none, an unknown one, or a value that makes no sense.
    """
    name = given.text("model_name")
    remedy = f"known are {', '.join(NETWORKS)}; or linear: true"
    if name is None:
        raise given.wrong("model_name", "names no network", remedy)
    known = {one.casefold(): one for one in NETWORKS}
    # LibMultiLabel itself compares AttentionXML alone without regard to case.
    found = name if name in NETWORKS else known.get(name.casefold()) if name.casefold() == "attentionxml" else None
    if found is None:
        raise given.wrong("model_name", f"unknown network{did_you_mean(name, NETWORKS)}", remedy)
    network = NETWORKS[found]
    parts = network.parts(given, Options(given, network.defaults))
    for option in given.below(NETWORK):
        if option not in network.defaults:
            given.take(f"{NETWORK}.{option}")
            given.warn(f"{NETWORK}.{option}", f"{found} has no such option")
    return network, parts


# -- encoders -------------------------------------------------------------------------------------------------------


def _words(given: Given, options: Options) -> dict[str, Any]:
    """What all encoders of words have."""
    embeddings: dict[str, Any] = {}
    name = given.text("embed_file")
    if name is None:
        given.warn("embed_file", "is not given, and LibMultiLabel needs one: vectors of words begin at random")
    elif name in _GLOVE:
        embeddings["vectors"] = f"{name}.txt"
        given.note("embed_file", f"is not fetched: {name}.txt is read from the current directory (docs: Data sets)")
    else:
        embeddings["vectors"] = given.file("embed_file")
    embeddings["dropout"] = options.share("embed_dropout")
    return {
        "embeddings": embeddings,
        "min_count": given.whole("min_vocab_freq"),
        "max_length": given.whole("max_seq_length"),
    }


def _recurrent(kind: str, given: Given, options: Options) -> dict[str, Any]:
    layers, between, behind = (
        options.whole("rnn_layers"), options.share("encoder_dropout"), options.share("post_encoder_dropout")
    )  # fmt: skip
    if layers == 1:
        options.note("encoder_dropout", "has no effect on a single layer")
    elif between != behind:
        options.warn("encoder_dropout", f"dropout is the same between layers as behind the last one: {behind:g}")
    hidden = options.whole("rnn_dim")
    return {"kind": kind, **_words(given, options), "hidden_dim": hidden, "layers": layers, "dropout": behind}


def _convolution(given: Given, options: Options) -> dict[str, Any]:
    activation = options.text("activation")
    if activation not in _ACTIVATIONS:
        options.warn("activation", f"{activation} has no counterpart: relu is taken")
        activation = "relu"
    return {
        "kind": "cnn",
        **_words(given, options),
        "filter_widths": options.wholes("filter_sizes"),
        "filters": options.whole("num_filter_per_size"),
        "activation": activation,
    }


def _transformer(options: Options) -> dict[str, Any]:
    hidden, attention = options.share("encoder_hidden_dropout"), options.share("encoder_attention_dropout")
    if hidden != attention:
        options.warn("encoder_attention_dropout", f"dropout is the same in all of the transformer: {hidden:g}")
    return {"kind": "transformer", "model": options.text("lm_weight"), "pooling": "first", "dropout": hidden}


# -- networks -------------------------------------------------------------------------------------------------------


def _kim_cnn(given: Given, options: Options) -> Parts:
    encoder = {**_convolution(given, options), "dropout": options.share("post_encoder_dropout")}
    return {"encoder": encoder, "head": {"kind": "linear", "dropout": 0.0}}


def _xml_cnn(given: Given, options: Options) -> Parts:
    chunks, dropout = options.whole("num_pool"), options.share("post_encoder_dropout")
    encoder = {**_convolution(given, options), "dropout": 0.0}
    if chunks > 1:
        encoder |= {"pooling": "dynamic-max", "chunks": chunks}
    if dropout > 0:
        options.warn("post_encoder_dropout", "drops numbers of the pooled vector too, not of the hidden layer alone")
    if encoder["activation"] != "relu":
        options.warn("activation", "that of the hidden layer is relu")
    head = {"kind": "linear", "hidden_dim": options.whole("hidden_dim"), "dropout": dropout}
    return {"encoder": encoder, "head": head}


def _caml(given: Given, options: Options) -> Parts:
    sizes = options.wholes("filter_sizes")
    if len(sizes) > 1:
        options.warn("filter_sizes", f"CAML has one size: {sizes[0]} is taken")
    encoder = {"kind": "bag", **_words(given, options)}
    filters = options.whole("num_filter_per_size")
    head = {"kind": "caml", "filter_size": sizes[0], "filters": filters, "labels": {"dropout": 0.0}}
    return {"encoder": encoder, "head": head}


def _label_attention(encoder: dict[str, Any], dropout: float = 0.0) -> Parts:
    return {"encoder": encoder, "head": {"kind": "label-attention", "dropout": dropout}}


def _recurrent_attention(kind: str) -> Callable[[Given, Options], Parts]:
    return lambda given, options: _label_attention(_recurrent(kind, given, options))


def _several_heads(options: Options) -> None:
    heads = options.whole("num_heads")
    options.warn("num_heads", f"attention of {heads} heads has no counterpart: a label reads with one query")
    dropped = options.share("labelwise_attention_dropout")
    if dropped > 0:
        options.warn("labelwise_attention_dropout", f"dropout of {dropped:g} within attention has no counterpart")


def _multi_head(given: Given, options: Options) -> Parts:
    _several_heads(options)
    return _label_attention(_recurrent("bilstm", given, options))


def _cnn_attention(given: Given, options: Options) -> Parts:
    dropout = options.share("post_encoder_dropout")
    return _label_attention({**_convolution(given, options), "dropout": dropout})


def _bert(given: Given, options: Options) -> Parts:
    options.whole("lm_window")
    options.note("lm_window", "has no effect on BERT; the encoder windows reads longer documents")
    encoder = {**_transformer(options), "max_length": given.whole("max_seq_length")}
    return {"encoder": encoder, "head": {"kind": "linear", "dropout": options.share("post_encoder_dropout")}}


def _bert_attention(given: Given, options: Options) -> Parts:
    if options.text("attention_type") == "multihead":
        _several_heads(options)
        options.note("attention_type", "its heads are spoken of at num_heads")
    else:
        for option in ("num_heads", "labelwise_attention_dropout"):
            options.share(option)
            options.note(option, "has no effect on attention of a single head")
    encoder, length, window = _transformer(options), given.whole("max_seq_length"), options.whole("lm_window")
    if length <= window:
        options.note("lm_window", "has no effect: no document is read beyond it")
        return _label_attention({**encoder, "max_length": length}, options.share("post_encoder_dropout"))
    stride = max(1, window - _SPECIAL)
    around: dict[str, Any] = {
        "kind": "windows",
        "encoder": {**encoder, "max_length": window},
        "window": window,
        "stride": stride,
        "max_windows": -(-length // stride),
        "states": "tokens",
    }
    return _label_attention(around, options.share("post_encoder_dropout"))


def _attention_xml(given: Given, options: Options) -> Parts:
    encoder = _recurrent("bilstm", given, options)
    encoder["embeddings"] |= {"trained": not options.flag("freeze_embed_training")}
    sizes = options.wholes("linear_size")
    return {
        "encoder": encoder,
        "head": {"kind": "label-attention", "output": "shared", "hidden_dims": sizes, "dropout": 0.0},
    }


_RECURRENT = {
    "rnn_dim": 512, "rnn_layers": 1, "embed_dropout": 0.2, "encoder_dropout": 0.0, "post_encoder_dropout": 0.0
}  # fmt: skip
_FILTERS = {"filter_sizes": None, "embed_dropout": 0.2}
_LANGUAGE_MODEL = {
    "encoder_hidden_dropout": 0.1, "encoder_attention_dropout": 0.1, "post_encoder_dropout": 0.0,
    "lm_weight": "bert-base-cased", "lm_window": 512,
}  # fmt: skip
_HEADS = {"num_heads": 8, "labelwise_attention_dropout": 0.0}

NETWORKS: dict[str, Network] = {
    "KimCNN": Network(
        WORDS,
        {**_FILTERS, "num_filter_per_size": 128, "post_encoder_dropout": 0.0, "activation": "relu"},
        _kim_cnn,
    ),
    "XMLCNN": Network(
        WORDS,
        {
            **_FILTERS,
            "num_filter_per_size": 256,
            "post_encoder_dropout": 0.0,
            "activation": "relu",
            "hidden_dim": 512,
            "num_pool": 2,
        },
        _xml_cnn,
    ),
    "CAML": Network(WORDS, {**_FILTERS, "num_filter_per_size": 50}, _caml),
    "CNNLWAN": Network(
        WORDS,
        {**_FILTERS, "num_filter_per_size": 50, "post_encoder_dropout": 0.0, "activation": "tanh"},
        _cnn_attention,
    ),
    "BiGRULWAN": Network(WORDS, _RECURRENT, _recurrent_attention("bigru")),
    "BiLSTMLWAN": Network(WORDS, _RECURRENT, _recurrent_attention("bilstm")),
    "BiLSTMLWMHAN": Network(WORDS, {**_RECURRENT, **_HEADS}, _multi_head),
    "BERT": Network(TRANSFORMER, _LANGUAGE_MODEL, _bert),
    "BERTAttention": Network(
        TRANSFORMER, {**_LANGUAGE_MODEL, **_HEADS, "attention_type": "multihead"}, _bert_attention
    ),
    "AttentionXML": Network(
        ATTENTION_XML,
        {**_RECURRENT, "post_encoder_dropout": 0.5, "linear_size": None, "freeze_embed_training": False},
        _attention_xml,
    ),
}
"""Its networks by ``model_name``."""
