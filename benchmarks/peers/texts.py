"""Read a data set as texts, over the labels of its label file."""

from __future__ import annotations

from pathlib import Path

from manylabel.core.corpus import Corpus
from manylabel.runs.data_config import DataConfig
from manylabel.runs.reading import Source, read_test, read_training


def read_data(folder: Path) -> tuple[Corpus, Corpus]:
    """Training and test part of a folder with ``{train,test,labels}.jsonl.xz``, over the labels of the label file."""
    paths = {part: str(folder / f"{part}.jsonl.xz") for part in ("train", "test", "labels")}
    data = DataConfig.parse(paths)
    train = read_training(data)
    test = read_test(Source.test(data), train.labels.with_counts(train.positives), None)
    assert isinstance(train, Corpus)
    assert isinstance(test, Corpus)
    return train, test
