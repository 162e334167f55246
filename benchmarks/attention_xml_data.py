"""What all arms of ``attention_xml.py`` read: the same documents, words, validation documents and word vectors."""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from arms import HERE
from features import WORK
from network_data import label_matrix, read_part, write_random_vectors, write_vectors
from peers.network_settings import SEED, VECTORS

_MADE_BY = ("attention_xml_settings.py", "network_settings.py")


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        documents: training documents, those for validation among them; 0 for all.
        validation: documents by which the best epoch is kept.
        test: test documents; 0 for all.
        epochs: of each level.
        width: numbers of a state, and of the hidden layer.
        length: tokens of a document.
        batch: documents of a batch.
        cluster_size: labels of a cluster at most.
        beam_width: clusters of a document whose labels are scored.
    """

    documents: int
    validation: int
    test: int
    epochs: int
    width: int
    length: int
    batch: int
    cluster_size: int
    beam_width: int


def make_data(data_root: Path, name: str, wanted: Wanted, vectors: Path | None) -> Path:
    """The folder that runners read, made anew; the same request gives the same bytes.

    Args:
        data_root: holds ``NAME/{train,test,labels}.jsonl.xz``.
        name: of the data set.
        wanted: how much of it, and what is trained.
        vectors: file of word vectors, a word and its numbers a line; random ones where there is none.
    """
    train, test = (read_part(data_root / name / f"{part}.jsonl.xz") for part in ("train", "test"))
    random = np.random.default_rng(SEED)
    chosen = random.permutation(len(train))[: wanted.documents or len(train)]
    if not 0 < wanted.validation < len(chosen):
        raise SystemExit(f"--validation {wanted.validation}: take some of the {len(chosen)} documents, not all")
    if wanted.test:
        test = [test[row] for row in np.sort(random.permutation(len(test))[: wanted.test])]
    cut = wanted.validation
    parts = {"validation": [train[i] for i in chosen[:cut]], "train": [train[i] for i in chosen[cut:]]}
    # LibMultiLabel's columns are the labels of both parts.
    known = sorted({label for part in parts.values() for row in part for label in row["labels"]})
    names = known + sorted({label for row in test for label in row["labels"]} - set(known))
    folder = WORK / f"{name}-{len(chosen)}-documents" / "attention-xml"
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {
        key: {"texts": [row["text"] for row in part], "labels": [row["labels"] for row in part]}
        for key, part in parts.items()
    }
    found |= {"settings": asdict(wanted), "names": known, "test": [row["text"] for row in test]}
    found |= _of_labels(data_root / name / "labels.jsonl.xz", known)
    (folder / "documents.json").write_text(json.dumps(found), encoding="utf-8")
    (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")
    trained = label_matrix(parts["train"], known)
    sp.save_npz(folder / "Y.train.npz", trained)
    sp.save_npz(folder / "Y.test.npz", label_matrix(test, names))
    texts = [row["text"] for part in parts.values() for row in part]
    facts = {
        "data": name,
        "documents": {"train": len(parts["train"]), "validation": cut, "test": len(test)},
        "labels": {"train": int((trained.sum(axis=0) > 0).sum()), "columns": len(known), "all": len(names)},
        "tokens": float(np.mean([min(len(text.split()), wanted.length) for text in found["train"]["texts"]])),
        "settings": asdict(wanted),
        "vectors": _write_vectors(folder / VECTORS, texts, vectors),
        "fingerprint": _fingerprint(folder),
    }
    (folder / "features.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def _of_labels(path: Path, names: list[str]) -> dict[str, Any]:
    """Texts and parents of labels, where there is a label file."""
    rows: dict[str, dict[str, Any]] = {}
    if path.exists():
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            rows = {row["label"]: row for row in map(json.loads, lines)}
    own = [rows.get(name, {}) for name in names]
    return {
        "label_texts": [row.get("text") or None for row in own],
        "label_parents": [row.get("parents") or [] for row in own],
    }


def _write_vectors(path: Path, texts: list[str], file: Path | None) -> dict[str, Any]:
    """Vectors of the words of these texts: those of a file, random ones of the same spread for words that it lacks."""
    if file is None:
        write_random_vectors(path, texts)
        return {"random": True}
    words = sorted({word for text in texts for word in text.split()})
    wanted, found = set(words), {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            word, _, numbers = line.rstrip().partition(" ")
            if word in wanted:
                found[word] = np.array(numbers.split(), np.float32)
    if not found:
        raise SystemExit(f"--vectors {file.name}: has none of the words of the documents")
    known = np.stack(list(found.values()))
    drawn = np.random.default_rng(SEED).normal(known.mean(axis=0), known.std(axis=0), (len(words), known.shape[1]))
    rows = np.stack([found.get(word, row) for word, row in zip(words, drawn, strict=True)])
    write_vectors(path, words, rows)
    return {"random": False, "width": known.shape[1], "words": len(words), "found": len(found)}


def _fingerprint(folder: Path) -> str:
    """SHA-256 over what runners read, and over the settings."""
    digest = hashlib.sha256()
    settings = [HERE / "peers" / name for name in _MADE_BY]
    for path in [folder / "documents.json", folder / "labels.json", folder / VECTORS, *settings]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
