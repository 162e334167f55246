"""Hugging Face models from a configuration: with random weights, or before their weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manylabel.core.config import did_you_mean
from manylabel.core.errors import InputError
from manylabel.nn.hugging_face import quiet

_SPECIAL = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "hidden_dropout",
    "attention_dropout",
    "dropout",
    "dropout_rate",
    "embedding_dropout",
    "mlp_dropout",
    "embd_pdrop",
    "attn_pdrop",
    "resid_pdrop",
)


def make_configuration(values: Mapping[str, Any], tokenizer: Any) -> Any:
    """The library's configuration object.

    Args:
        values: ``model_type`` and what shall differ from that type's defaults; size of the vocabulary and special
            tokens are the tokenizer's where they are not given.
        tokenizer: it.

    Raises:
        InputError: no such type or option, or values that do not go together.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import CONFIG_MAPPING

    given = dict(values)
    kind = given.pop("model_type")
    if kind not in CONFIG_MAPPING:
        raise InputError(f"configuration: unknown model_type{did_you_mean(kind, CONFIG_MAPPING.keys())}")
    defaults = CONFIG_MAPPING[kind]()
    known = {*defaults.to_dict(), *defaults.attribute_map}
    for key in given:
        if key not in known:
            raise InputError(f"configuration: unknown option of {kind}{did_you_mean(key, sorted(known))}")
    given.setdefault("vocab_size", len(tokenizer))
    if given["vocab_size"] < len(tokenizer):
        raise InputError(f"configuration: vocab_size is below the {len(tokenizer)} tokens of the tokenizer")
    for name in _SPECIAL:
        if name in known and getattr(tokenizer, name, None) is not None:
            given.setdefault(name, getattr(tokenizer, name))
        elif name in known:
            given.setdefault(name, None)  # the type's own default may lie beyond this vocabulary
    try:
        return CONFIG_MAPPING[kind](**given)
    except (TypeError, ValueError, StrictDataclassError) as error:
        raise InputError(f"configuration: {error}") from None


def set_dropout(configuration: Any, dropout: float) -> None:
    """Set all that a configuration says about dropout inside the model.

    Raises:
        InputError: it says nothing.
    """
    found = [name for name in _DROPOUTS if hasattr(configuration, name)]
    if not found:
        raise InputError(f"dropout: {configuration.model_type} has none that can be set")
    for name in found:
        setattr(configuration, name, dropout)


def make_model(configuration: Any, **options: Any) -> Any:
    """A model with random weights, in float32.

    Args:
        configuration: of the library.
        **options: of the library's ``from_config``.

    Raises:
        InputError: its sizes do not go together.
    """
    import torch
    from transformers import AutoModel

    try:
        with quiet():
            return AutoModel.from_config(configuration, dtype=torch.float32, trust_remote_code=False, **options)
    except (ValueError, TypeError, AssertionError, RuntimeError, ZeroDivisionError, KeyError) as error:
        raise InputError(f"configuration of {configuration.model_type}: {error}") from None
