"""A tokenizer of subwords that is trained on the training texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def train_tokenizer(texts: Sequence[str], vocabulary_size: int) -> Any:
    """WordPiece as BERT has it: lower case, accents kept, Chinese characters apart, ``[CLS] ... [SEP]`` around a text.

    Args:
        texts: those of the training documents.
        vocabulary_size: subwords at most, special tokens included; never fewer than there are characters.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token=_SPECIAL["unk_token"]))  # type: ignore[call-arg]
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)  # type: ignore[assignment]
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    tokenizer.decoder = decoders.WordPiece()  # type: ignore[assignment]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size, special_tokens=list(_SPECIAL.values()), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    around = [(token, tokenizer.token_to_id(token)) for token in (_SPECIAL["cls_token"], _SPECIAL["sep_token"])]
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=around
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **_SPECIAL)
