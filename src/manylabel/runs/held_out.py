"""Scores of documents that a run did not learn from: as they are, or by cross-fitting where it learned from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.core.errors import RunError
from manylabel.core.progress import Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.siblings import cross_fitting_path
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.models.base import Model
from manylabel.models.cross_fit import out_of_fold
from manylabel.runs.digests import corpus_digest, label_space_digest
from manylabel.runs.evaluate import OpenRun, predictions
from manylabel.runs.reading import AnyCorpus

FILE = "held-out.safetensors"
INFO = "held_out"
_AT_MOST = 50_000


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Scores for a decision.

    Attributes:
        corpus: the documents asked about.
        topk: their scores, over the label space of the run's model.
        folds: models that were trained to answer; 0 where the run's own model did.
        kept: what an amendment of the run keeps, so that the next decision trains nothing; None where it has it.
    """

    corpus: AnyCorpus
    topk: TopK
    folds: int
    kept: dict[str, Any] | None = None

    def write(self, writer: RunWriter) -> dict[str, Any]:
        """Keep the scores in an amendment of the run; returns what the manifest shall say of them."""
        if self.kept is None:
            return {}
        writer.arrays(FILE, self.kept["arrays"])
        return {INFO: self.kept["facts"]}


def held_out_scores(run: OpenRun, corpus: AnyCorpus, *, k: int, folds: int, seed: int, progress: Progress) -> HeldOut:
    """Scores of a corpus for a decision.

    Where the corpus is what the run was trained on, recognised by its digest, models are trained on all folds but one
    (the run's own model stays as it is), and asked about at most 50,000 documents. Their answers are kept in the run.

    Args:
        run: the run.
        corpus: documents with labels, read for the run's model.
        k: labels of each list.
        folds: of the cross-fitting.
        seed: of the folds.
        progress: where long work reports.

    Raises:
        InputError: too few documents for the folds.
        RunError: the disk refuses.
    """
    digest = corpus_digest(corpus)
    facts = run.directory.manifest["info"].get("data", {})
    model: Model = run.model
    if digest != facts.get("train", {}).get("digest"):
        if digest == facts.get("test", {}).get("digest"):
            progress.note("this is the run's test part: what is measured on it from now on flatters the decision")
        parts = [topk for _, topk in predictions(model, corpus, k)]
        return HeldOut(corpus, _over(TopK.concatenate(parts), model), 0)
    wanted = {"documents": digest, "labels": label_space_digest(model.labels), "k": k, "folds": folds, "seed": seed}
    known = _kept(run.directory, wanted, model)
    if known is not None:
        rows, topk = known
        progress.note(f"these are the training documents; their scores by {folds} fold models are in the run already")
        return HeldOut(corpus.select(rows), topk, folds)
    progress.note(
        f"these are the training documents: training {folds} models, each without the documents that it is asked "
        f"about; each takes at most {model.estimate(corpus)}"
    )
    folder = cross_fitting_path(run.path)
    stages = _stages(folder, {**wanted, "model": run.config.model.model_dump(mode="json")})
    answers = out_of_fold(
        run.config.model, corpus, folds=folds, k=k, seed=seed, wanted=_AT_MOST, stages=stages, progress=progress
    )
    topk = _over(answers.topk, model)
    arrays = {"rows": answers.rows, "indices": topk.indices, "scores": topk.scores}
    kept = {"arrays": arrays, "facts": {**wanted, "kind": topk.kind}}
    return HeldOut(corpus.select(answers.rows), topk, answers.folds, kept)


def forget_stages(run: OpenRun) -> None:
    """Remove what an interrupted cross-fitting would continue from."""
    Stages(cross_fitting_path(run.path)).discard()


def _stages(folder: Any, fingerprint: dict[str, Any]) -> Stages:
    """Continue what an interrupted cross-fitting left, if it was this one."""
    try:
        return Stages.begin(folder, fingerprint, resume=True)
    except RunError:
        Stages(folder).discard()
        return Stages.begin(folder, fingerprint, resume=True)


def _kept(directory: RunDirectory, wanted: dict[str, Any], model: Model) -> tuple[np.ndarray, TopK] | None:
    facts = directory.manifest["info"].get(INFO)
    if facts is None or FILE not in directory or {name: facts.get(name) for name in wanted} != wanted:
        return None
    arrays = directory.read_arrays(FILE)
    return arrays["rows"], TopK(arrays["indices"], arrays["scores"], facts["kind"], model.labels)


def _over(topk: TopK, model: Model) -> TopK:
    """The same lists with the labels as the run's model knows them: all training documents counted."""
    return TopK(topk.indices, topk.scores, topk.kind, model.labels)
