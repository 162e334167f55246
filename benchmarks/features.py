"""Make the one matrix that every linear arm gets: scikit-learn's ``TfidfVectorizer()`` defaults, float32.

    python benchmarks/features.py --data-root DIR wordnet3 eurlex57k

``DIR/NAME/{train,test}.jsonl.xz`` have one object a line with ``text`` and ``labels``. The columns of Y are the labels
of the training part in sorted order; labels that only the test part has follow them in ``Y.test.npz``, so that a
label which training never saw counts as a miss.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import os
import sys
import time
from pathlib import Path

WORK = Path(__file__).resolve().parent / ".work"
RECIPE = "TfidfVectorizer(dtype=float32), field text, labels of train sorted then those of test only; version 1"


def make_features(data_root: Path, name: str, *, work: Path = WORK) -> Path:
    """The folder of features of data set ``name``, made unless one from the same source and recipe is there.

    Raises:
        FileNotFoundError: ``data_root/name`` lacks ``train.jsonl.xz`` or ``test.jsonl.xz``.
    """
    folder = work / name / "features"
    sources = [data_root / name / f"{part}.jsonl.xz" for part in ("train", "test")]
    source = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
    facts = read_facts(folder)
    if facts is not None and facts["source"] == source and facts["recipe"] == RECIPE:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "features.json").unlink(missing_ok=True)
    facts = _write_matrices(folder, *(_read(path) for path in sources))
    facts |= {"data": name, "source": source, "recipe": RECIPE, "fingerprint": _fingerprint(folder)}
    (folder / "features.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return folder


def read_facts(folder: Path) -> dict | None:
    """``features.json`` of a finished folder of features, ``None`` when there is none."""
    path = folder / "features.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _write_matrices(folder: Path, train: tuple[list, list], test: tuple[list, list]) -> dict:
    import numpy as np
    import scipy.sparse as sp
    import sklearn
    from sklearn.feature_extraction.text import TfidfVectorizer

    start = time.perf_counter()
    vectorizer = TfidfVectorizer(dtype=np.float32)
    x_train = vectorizer.fit_transform(train[0])
    fit_seconds = time.perf_counter() - start
    x_test = vectorizer.transform(test[0])
    known = sorted({label for labels in train[1] for label in labels})
    unseen = sorted({label for labels in test[1] for label in labels} - set(known))
    column = {label: index for index, label in enumerate(known + unseen)}
    matrices = {
        "X.train": x_train,
        "X.test": x_test,
        "Y.train": _label_matrix(train[1], column, len(known)),
        "Y.test": _label_matrix(test[1], column, len(column)),
    }
    for part, matrix in matrices.items():
        matrix = sp.csr_matrix(matrix, dtype=np.float32)
        matrix.sort_indices()
        sp.save_npz(folder / f"{part}.npz", matrix, compressed=False)
    (folder / "labels.json").write_text(json.dumps(known + unseen), encoding="utf-8")
    return {
        "documents": {"train": x_train.shape[0], "test": x_test.shape[0]},
        "labels": {"train": len(known), "only_test": len(unseen)},
        "features": x_train.shape[1],
        "nonzeros": {"train": int(x_train.nnz), "test": int(x_test.nnz)},
        "fit_transform_seconds": round(fit_seconds, 2),
        "scikit_learn": sklearn.__version__,
    }


def _label_matrix(rows: list[list[str]], column: dict[str, int], width: int):
    import numpy as np
    import scipy.sparse as sp

    indices = [sorted({column[label] for label in row}) for row in rows]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in indices])])
    flat = np.fromiter((index for row in indices for index in row), np.int32, int(indptr[-1]))
    return sp.csr_matrix((np.ones(flat.size, np.float32), flat, indptr.astype(np.int32)), shape=(len(rows), width))


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] for row in rows], [row["labels"] for row in rows]


def _fingerprint(folder: Path) -> str:
    """SHA-256 over the arrays that a runner reads; zip files carry dates, so not over the files."""
    import numpy as np

    digest = hashlib.sha256()
    for part in ("X.train", "X.test", "Y.train"):
        with np.load(folder / f"{part}.npz") as arrays:
            for key in ("data", "indices", "indptr", "shape"):
                digest.update(np.ascontiguousarray(arrays[key]).tobytes())
    return digest.hexdigest()


def main() -> None:
    """Command line: make the features of the named data sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+")
    add_data_root(parser)
    arguments = parser.parse_args()
    for name in arguments.data:
        folder = make_features(arguments.data_root, name)
        sys.stdout.write(f"{folder}: {json.dumps(read_facts(folder))}\n")


def add_data_root(parser: argparse.ArgumentParser) -> None:
    """``--data-root``, required unless the environment variable MANYLABEL_DATA names a folder."""
    default = os.environ.get("MANYLABEL_DATA")
    parser.add_argument(
        "--data-root",
        type=Path,
        default=Path(default) if default else None,
        required=default is None,
        help="folder with one folder a data set; MANYLABEL_DATA serves as well",
    )


if __name__ == "__main__":
    main()
