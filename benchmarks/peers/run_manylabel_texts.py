"""manylabel's models that start from texts and the label file: features are made while the clock runs.

The columns of ``topk.npz`` are those of ``labels.json`` in the folder of features, found by the labels' names. A label
that only the label file has may be predicted: it stands in a column behind those, and so is a miss in its place.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import protocol
from texts import read_data

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.models import MODELS
from manylabel.models.base import Model, load

COMPILE = "--compile-only"
VARIANTS: dict[str, dict[str, Any]] = {
    "fused": {"kind": "fused"},
    "fused-ovr": {"kind": "fused", "sources": {"linear": {"model": "linear-ovr"}}},
    "auto": {"kind": "auto"},
}


@dataclass(frozen=True)
class Texts:
    """One data set as texts.

    Attributes:
        train: the training documents, over the labels of the label file.
        test_x: the texts of the test part.
        column_of: int32 ``[L]``, the column of each label of the label file in ``topk.npz``.
        n_labels: number of columns: labels of training and test, then those that only the label file has.
    """

    train: Corpus
    test_x: list[str]
    column_of: np.ndarray
    n_labels: int

    @property
    def n_test(self) -> int:
        """Texts of the test part."""
        return len(self.test_x)

    def one(self, row: int) -> list[str]:
        """A single text of the test part."""
        return [self.test_x[row]]


class ManyLabelTexts:
    name = "manylabel"
    distribution = "manylabel"
    # That of `auto` is known once it has chosen: see `facts`.
    variants: ClassVar[dict[str, protocol.ScoreKind]] = dict.fromkeys(VARIANTS, "probability")

    def prepare(self, features: Texts, scratch: Path) -> None:
        # As in run_manylabel.py: the peers come compiled.
        subprocess.run([sys.executable, __file__, COMPILE], check=True)
        self._column_of = features.column_of

    def fit(self, features: Texts, variant: str) -> None:
        self._model = _new(variant).fit(features.train)
        self._chosen = getattr(self._model, "chosen", None)

    def save(self, folder: Path) -> None:
        self._model.save(folder / "run")

    def load(self, folder: Path) -> None:
        if self._chosen is not None:
            # Written down, so that the trained model can go.
            options = self._chosen.model.config.model_dump(mode="json", exclude_unset=True)
            reasons = list(self._chosen.reasons)
            self._chosen = {"kind": self._chosen.model.kind, "options": options, "reasons": reasons}
        self._model = load(folder / "run")

    def predict(self, x: list[str], k: int) -> protocol.TopLabels:
        found = self._model.predict(x, k)
        self._score_kind = found.kind
        columns = np.where(found.indices >= 0, self._column_of[found.indices], -1).astype(np.int32)
        return protocol.TopLabels(columns, found.scores)

    def predict_one(self, row: list[str], k: int) -> object:
        return self._model.predict(row, k)

    def facts(self) -> dict[str, object]:
        """What the scores are, what was learned about the ranker, and what `auto` chose and why."""
        ranked = getattr(self._model, "facts", None)
        found = {"auto": self._chosen, "ranking": ranked}
        return {"score_kind": self._score_kind, **{name: value for name, value in found.items() if value}}


def read_given(features: Path, folder: Path) -> Texts:
    """The texts of a data set, and where its labels stand in the matrices made of it.

    Raises:
        ValueError: the truth of the test part is not that of the matrices.
    """
    train, test = read_data(folder)
    names: list[str] = json.loads((features / "labels.json").read_text(encoding="utf-8"))
    known = set(names)
    columns = {name: column for column, name in enumerate([*names, *(n for n in train.labels.names if n not in known)])}
    column_of = np.array([columns[name] for name in train.labels.names], np.int32)
    truth = protocol.sp.load_npz(features / "Y.test.npz")
    if len(test) != truth.shape[0] or not np.array_equal(np.diff(test.positives.indptr), np.diff(truth.indptr)):
        raise ValueError(f"{folder}: its test part is not that of {features}")
    return Texts(train, list(test.texts), column_of, len(columns))


def _new(variant: str) -> Model:
    options = dict(VARIANTS[variant])
    return MODELS.load(options.pop("kind"))(**options)


def _compile() -> None:
    """Train, save, load and predict every variant on a few made-up texts."""
    random = np.random.default_rng(0)
    names = [f"label{i}" for i in range(40)]
    parents = [(names[i // 4],) if i else () for i in range(40)]
    labels = LabelSpace(names, texts=[f"word{i} word{i + 1}" for i in range(40)], parents=parents)
    drawn = random.integers(0, 40, (400, 3))
    texts = [" ".join(f"word{i} filler{i + j}" for j, i in enumerate(row)) for row in drawn.tolist()]
    corpus = Corpus.from_texts(texts, [{names[i] for i in row} for row in drawn.tolist()], space=labels)
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            _new(variant).fit(corpus).save(Path(folder) / "run")
            model = load(Path(folder) / "run")
            model.predict(texts, 10)
            model.predict(texts[:1], 10)


def main() -> None:
    """Command line."""
    if sys.argv[1:] == [COMPILE]:
        _compile()
        return
    peer = ManyLabelTexts()
    parser = protocol.parser(peer)
    parser.add_argument("--texts", type=Path, required=True, help="folder with {train,test,labels}.jsonl.xz")
    arguments = parser.parse_args()
    protocol.measure(peer, lambda: read_given(arguments.features_dir, arguments.texts), arguments, peer.facts)


if __name__ == "__main__":
    main()
