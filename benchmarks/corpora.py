"""Texts and labels of a data set as corpora, for benchmarks that train on texts."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import replace
from pathlib import Path

from manylabel import Corpus
from manylabel.data.split import split_rows


def read_corpus(file: Path, train: Corpus | None = None) -> Corpus:
    """A ``.jsonl.xz`` file of texts and labels, over the labels of `train` where that is given."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return Corpus.from_texts(
        [row["text"] for row in rows], [row["labels"] for row in rows], space=None if train is None else train.labels
    )


def with_names_as_texts(part: Corpus) -> Corpus:
    """The same with the words of each label's name as its text: ``game::strategy`` is *game strategy*."""
    texts = [" ".join(re.findall("[a-z]+", name.lower())) or None for name in part.labels.names]
    return replace(part, labels=replace(part.labels, texts=texts))


def stratified(part: Corpus, documents: int) -> Corpus:
    """So many documents, with each label's share of them; all where there are no more."""
    if documents >= len(part):
        return part
    share = documents / len(part)
    return part.select(split_rows(part, {"kept": share, "left": 1 - share}, "stratified", seed=0)["kept"])
