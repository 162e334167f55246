"""Small corpora with one fault each, runs trained on them, and histories made for the purpose."""

import atexit
import functools
import json
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from manylabel.core.run_directory import RunDirectory
from manylabel.report.doctor.reading import examine
from manylabel.runs.config import parse_config
from manylabel.runs.train import train_run

COMMON = [f"common{i}" for i in range(40)]


@dataclass
class World:
    """Documents whose words follow from their labels, more or less.

    Attributes:
        shares: how often each label is drawn.
        own: words of its own that a document has for each label.
        noise: words that say nothing.
        wrong: share of the own words that are of a random label instead.
        most: labels of a document at most.
    """

    shares: np.ndarray
    own: int = 4
    noise: int = 4
    wrong: float = 0.0
    most: int = 1
    names: list = field(default_factory=list)

    def __post_init__(self):
        self.shares = np.asarray(self.shares, float) / np.sum(self.shares)
        self.names = self.names or [f"tag{i:03d}" for i in range(len(self.shares))]

    def documents(self, n, seed, first=()):
        """n documents; those of the labels `first` come first, so that every label occurs."""
        chance = np.random.default_rng(seed)
        found = []
        for number in range(n):
            size = chance.integers(1, self.most + 1)
            drawn = set(chance.choice(len(self.shares), size, p=self.shares).tolist())
            labels = [int(first[number])] if number < len(first) else sorted(drawn)
            words = [str(word) for word in chance.choice(COMMON, self.noise)]
            for label in labels:
                for _ in range(self.own):
                    said = chance.integers(len(self.shares)) if chance.random() < self.wrong else label
                    words.append(f"w{said}x{chance.integers(8)}")
            found.append({"text": " ".join(words), "labels": [self.names[label] for label in labels]})
        return found


HEALTHY = World(np.ones(8), own=7, wrong=0.3)
TAILED = World(1.0 / np.arange(1, 61) ** 1.3, wrong=0.45)


def write(path, documents):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def make_run(folder, train, test, *overrides, model="linear-ovr", history=()):
    """Train a run and give it a history of epochs."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"train": str(write(folder / "train.jsonl", train)), "test": str(write(folder / "test.jsonl", test))}
    config = parse_config({"data": files, "model": model, "evaluate": {"n_bootstrap": 200}}, overrides)
    path = train_run(config, folder / "run").path
    if history:
        add_history(path, history)
    return path


def add_history(path, lines):
    """Put lines behind those that the training wrote, as a training in epochs would have."""
    directory = RunDirectory.open(path)
    known = directory.read_text("history.jsonl")
    with directory.amend() as writer:
        writer.text("history.jsonl", known + "".join(json.dumps(line) + "\n" for line in lines))


def epochs(**series):
    """Lines of epochs from ``train_loss=[...]``, ``validation_micro_F1=[...]`` and the like."""
    found = []
    for number in range(max(map(len, series.values()))):
        line = {"stage": "epoch", "epoch": number + 1}
        for key, values in series.items():
            side, _, name = key.partition("_")
            if side in ("train", "validation") and name != "documents":
                line.setdefault(side, {})[name.replace("_", "-")] = values[number]
            else:
                line[key] = values[number]
        found.append(line)
    return found


def shuffled_labels(path, seed=0):
    """Write the label file of a run in another order, as a set in another process would have it."""
    directory = RunDirectory.open(path)
    head, *records = directory.read_text("labels.jsonl").splitlines()
    order = np.random.default_rng(seed).permutation(len(records))
    with directory.amend() as writer:
        writer.text("labels.jsonl", "\n".join([head, *(records[i] for i in order)]) + "\n")


def change_arrays(path, change):
    """Write the arrays of a run anew, as `change` makes them."""
    directory = RunDirectory.open(path)
    arrays = {name: np.array(array) for name, array in directory.read_arrays("model.safetensors").items()}
    with directory.amend() as writer:
        writer.arrays("model.safetensors", change(arrays))


@functools.cache
def _healthy():
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_run(folder, HEALTHY.documents(1200, 1), HEALTHY.documents(1500, 2))


def healthy(folder, history=()):
    """A copy of a run that has no fault: trained once for all tests, which may change the copy."""
    path = Path(shutil.copytree(_healthy(), Path(folder) / "run"))
    if history:
        add_history(path, history)
    return path


class Unsteady:
    """A model in which chance is still at work, or the batch, as `how` says."""

    def __init__(self, model, how):
        self._model, self._how, self._chance = model, how, np.random.default_rng(0)

    def __getattr__(self, name):
        return getattr(self._model, name)

    def predict(self, inputs, k=10):
        topk = self._model.predict(inputs, k)
        by = self._chance.random() if self._how == "twice" else 1.0 / len(inputs)
        return replace(topk, scores=topk.scores + np.float32(by))


def unsteady(path, how):
    examined = examine(path)
    return replace(examined, run=replace(examined.run, model=Unsteady(examined.run.model, how)))
