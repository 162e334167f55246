"""Small encoders of every kind, made on the spot: a random transformer with its tokenizer, files of word vectors."""

import importlib.util

import numpy as np
import pytest

from manylabel.nn.frozen import FROZEN_ENCODERS

WORDS = ["red", "apple", "pie", "blue", "sky", "boat", "sail", "sea", "old", "new"]
MISSING = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
needs_transformers = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
every_encoder = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=needs_transformers if kind == "transformer" else ()) for kind in FROZEN_ENCODERS]
)


def options(kind, folder, words=WORDS, **more):
    """The configuration of a small encoder whose files are put into a folder."""
    if kind == "transformer":
        return {"kind": kind, "model": str(save_model(folder / "model", words)), **more}
    return {"kind": kind, "vectors": str(save_vectors(folder / "vectors.txt", words)), **more}


def encoder(options):
    """An encoder that knows nothing yet."""
    return FROZEN_ENCODERS.load(options["kind"])(FROZEN_ENCODERS.section(options["kind"]).parse(options))


def save_vectors(path, words=WORDS, *, width=6, seed=0):
    """Word vectors as GloVe writes them."""
    numbers = np.random.default_rng(seed).normal(size=(len(words), width))
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [" ".join([word, *(f"{x:.5f}" for x in row)]) for word, row in zip(words, numbers, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def save_model(folder, words=WORDS, *, seed=0, weights=True, tokenizer=True):
    """A BERT of two layers with random weights."""
    import torch
    from transformers import BertConfig, BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(words) + 4, max_position_embeddings=40, initializer_range=0.5, **sizes)
    model = BertModel(config) if weights else None
    folder.mkdir(parents=True, exist_ok=True)
    (model or config).save_pretrained(folder)
    if tokenizer:
        save_tokenizer(folder, words)
    return folder


def save_tokenizer(folder, words):
    """A tokenizer of whole words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    numbers = {word: number for number, word in enumerate([*special.values(), *words])}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
