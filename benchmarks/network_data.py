"""What both sides of ``networks.py`` read: the same documents, cut into the same words, the same vectors and BERT."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from features import WORK
from peers.network_settings import BERT, SEED, VECTORS

VALIDATION = 0.1
WIDTH = 100
BERT_SIZES = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
_SUBWORDS = 8000


def make_network_data(data_root: Path, name: str, documents: int, epochs: int) -> Path:
    """The folder that runners read, made anew.

    Args:
        data_root: holds ``NAME/{train,test}.jsonl.xz``.
        name: of the data set.
        documents: so many training documents, drawn at random; a tenth of them is for validation. 0 takes all.
        epochs: that are trained.
    """
    train, test = (read_part(data_root / name / f"{part}.jsonl.xz") for part in ("train", "test"))
    chosen = np.random.default_rng(SEED).permutation(len(train))[: documents or len(train)]
    cut = round(VALIDATION * len(chosen))
    parts = {"validation": [train[i] for i in chosen[:cut]], "train": [train[i] for i in chosen[cut:]]}
    known = sorted({label for part in parts.values() for row in part for label in row["labels"]})
    names = known + sorted({label for row in test for label in row["labels"]} - set(known))
    folder = WORK / f"{name}-{len(chosen)}-documents" / "networks"
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {
        key: {"texts": [row["text"] for row in part], "labels": [row["labels"] for row in part]}
        for key, part in parts.items()
    }
    found |= {"epochs": epochs, "names": known, "test": [row["text"] for row in test]}
    (folder / "documents.json").write_text(json.dumps(found), encoding="utf-8")
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")
    sp.save_npz(folder / "Y.train.npz", label_matrix(parts["train"] + parts["validation"], known))
    sp.save_npz(folder / "Y.test.npz", label_matrix(test, names))
    facts = {"data": name, "train": len(parts["train"]), "validation": cut, "test": len(test), "labels": len(known)}
    (folder / "features.json").write_text(json.dumps(facts), encoding="utf-8")
    texts = found["train"]["texts"]
    write_random_vectors(folder / VECTORS, texts)
    write_bert(folder / BERT, texts)
    return folder


def read_part(path: Path) -> list[dict[str, Any]]:
    """Documents of a part, each with the words of its ``text`` and its ``labels``."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [{"text": _words(row["text"]), "labels": row["labels"]} for row in rows]


def _words(text: str) -> str:
    """The words that LibMultiLabel takes of a text: without numbers, in lower case. Both libraries cut these alike."""
    return " ".join(word.lower() for word in re.findall(r"\w+", text.replace("_", " ")) if not word.isnumeric())


def label_matrix(rows: list[dict[str, Any]], names: list[str]) -> sp.csr_matrix:
    """float32 CSR of documents by labels; every label must be among `names`."""
    column = {name: number for number, name in enumerate(names)}
    of_rows = [sorted({column[label] for label in row["labels"]}) for row in rows]
    offsets = np.cumsum([0, *map(len, of_rows)])
    columns = np.array([one for row in of_rows for one in row], np.int32)
    return sp.csr_matrix((np.ones(len(columns), np.float32), columns, offsets), shape=(len(rows), len(names)))


def write_random_vectors(path: Path, texts: list[str]) -> None:
    """Random vectors of all words, of the length that manylabel begins with where it has no vectors."""
    words = sorted({word for text in texts for word in text.split()})
    vectors = np.random.default_rng(SEED).normal(0, WIDTH**-0.5, (len(words), WIDTH))
    write_vectors(path, words, vectors)


def write_vectors(path: Path, words: list[str], vectors: np.ndarray) -> None:
    """Words and their vectors as text, one word a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            f"{word} {' '.join(f'{x:.5f}' for x in row)}\n" for word, row in zip(words, vectors, strict=True)
        )


def write_bert(folder: Path, texts: list[str]) -> None:
    """A BERT of two layers with random weights, and subwords of these texts: no weights can be had offline."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(SEED)
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=_SUBWORDS, show_progress=False)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer._tokenizer, mask_token="[MASK]", **special).save_pretrained(
        folder
    )
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=128, **BERT_SIZES)
    BertModel(config).save_pretrained(folder)
