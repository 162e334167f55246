"""A tokenizer of subwords that is trained on the training texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manylabel.nn.hugging_face import readable

_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


_INSIDE = "##"


def train_tokenizer(texts: Sequence[str], vocabulary_size: int) -> Any:
    """WordPiece as BERT has it: lower case, accents kept, Chinese characters apart, ``[CLS] ... [SEP]`` around a text.

    The same texts in the same order give the same tokenizer.

    Args:
        texts: those of the training documents.
        vocabulary_size: subwords at most, special tokens included; never fewer than there are characters.
    """
    from tokenizers import Tokenizer, models, trainers
    from transformers import PreTrainedTokenizerFast

    texts = [readable(text) for text in texts]
    tokenizer = _around(models.WordPiece(unk_token=_SPECIAL["unk_token"]))  # type: ignore[call-arg]
    characters = _characters(texts, tokenizer.normalizer)
    # The library numbers characters inside words in the order of a hash table, and equally good subwords by these
    # numbers. As special tokens they are numbered here; the tokenizer that is kept knows them as plain ones.
    inside = [_INSIDE + one for one in characters if len(_words("a" + one, tokenizer)) == 1]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[*_SPECIAL.values(), *inside],
        limit_alphabet=max(1, len(characters)),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    kept: Tokenizer = _around(models.WordPiece(tokenizer.get_vocab(), unk_token=_SPECIAL["unk_token"]))  # type: ignore[call-arg]
    kept.post_processor = _template(kept)  # type: ignore[assignment]
    return PreTrainedTokenizerFast(tokenizer_object=kept, **_SPECIAL)


def _around(model: Any) -> Any:
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)  # type: ignore[assignment]
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    tokenizer.decoder = decoders.WordPiece()  # type: ignore[assignment]
    return tokenizer


def _template(tokenizer: Any) -> Any:
    from tokenizers import processors

    around = [(token, tokenizer.token_to_id(token)) for token in (_SPECIAL["cls_token"], _SPECIAL["sep_token"])]
    return processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=around
    )


def _characters(texts: Sequence[str], normalizer: Any) -> list[str]:
    """All characters of the texts as they are read, in order."""
    raw: set[str] = set().union(*texts)
    return sorted(set().union(*(normalizer.normalize_str(one) for one in raw)))


def _words(text: str, tokenizer: Any) -> list[Any]:
    return tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
