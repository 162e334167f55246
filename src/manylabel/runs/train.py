"""Train: from a configuration to a run directory."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import manylabel
from manylabel.core.capacity import require_memory
from manylabel.core.config import to_yaml
from manylabel.core.errors import ConfigError, ManylabelError, RunError
from manylabel.core.processes import rank
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import check_vacant, write_run
from manylabel.core.siblings import unfinished_path
from manylabel.core.stages import FollowedStages
from manylabel.metrics.evaluation import Evaluation
from manylabel.models import MODELS
from manylabel.models.base import CONFIG_FILE, Model
from manylabel.runs.card import CARD_FILE, model_card
from manylabel.runs.config import RunConfig, read_config
from manylabel.runs.digests import label_space_digest
from manylabel.runs.evaluate import measure
from manylabel.runs.facts import corpus_facts, label_facts
from manylabel.runs.first_use import first_use
from manylabel.runs.history import HISTORY_FILE, History, RecordedStages
from manylabel.runs.machine import machine_facts, version_facts
from manylabel.runs.reading import AnyCorpus, Source, describe, read_test, read_training

METRICS_FILE = "metrics.json"


@dataclass(frozen=True)
class TrainedRun:
    """A finished training.

    Attributes:
        path: the run directory.
        model: the fitted model.
        evaluation: on the test part, where there is one.
        info: what the manifest says of data, time and machine.
    """

    path: Path
    model: Model
    evaluation: Evaluation | None
    info: Mapping[str, Any]


def train_run(
    config: RunConfig[Any],
    path: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> TrainedRun:
    """Read the data, train, evaluate on the test part if there is one, and write the run directory.

    An interrupted training leaves its finished stages in a sibling folder ``PATH.unfinished``; one that a mistake of
    the user ends before a stage or a checkpoint was kept leaves nothing. Under ``torchrun`` every process calls this;
    the first one notes, measures and writes, and the others give back their model and nothing else.

    Args:
        config: what to do.
        path: where the run shall lie.
        resume: continue the unfinished stages; without any, start.
        overwrite: replace a finished run once the new one is complete; without `resume`, discard unfinished stages.
        progress: notes what was read and what is expected, and counts work.

    Raises:
        RunError: a finished or unfinished run lies there and may not be touched, or the disk refuses.
        InputError: bad data.
        CapacityError: the memory cannot suffice.
    """
    path = Path(path)
    if rank() > 0:
        return _follow(config, path)
    check_place(path, resume=resume, overwrite=overwrite)
    history = History()
    _check_validation(config)
    corpus, validation, test = _read(config, progress)
    others = {"validation": validation, "test": test}
    facts = {"train": corpus_facts(corpus)} | {
        name: corpus_facts(part) for name, part in others.items() if part is not None
    }
    history.mark("read")
    if resume:
        config = _as_begun(config, path)
    model: Any
    model, reasons = MODELS.load(config.model.kind)(config.model).settle(corpus)
    for reason in reasons:
        progress.note(reason)
    config = config.with_model(model.config)
    estimate = model.estimate(corpus)
    progress.note(f"training {config.model.kind} will take {estimate}")
    require_memory(estimate, remedy=model.less_memory)
    if first_use():
        progress.note("compiling kernels: the first use in an environment takes half a minute longer")

    digests = {name: fact["digest"] for name, fact in facts.items() if name != "test"}
    stages = _begin(path, config, _fingerprint(config, corpus, digests), resume, overwrite)
    stages.record_in(history)
    started = time.perf_counter()
    _fit(model, corpus, validation, stages, progress)
    progress.note(f"trained in {time.perf_counter() - started:.1f} s")
    history.mark("fit")
    evaluation = None if test is None else measure(model, test, config.evaluate, progress)
    if evaluation is not None:
        history.mark("evaluate")
    info = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(history.seconds, 3),
        "peak_memory_bytes": history.peak,
        "data": facts,
        "labels": label_facts(model.labels, config.evaluate.cuts),
        "versions": version_facts(),
        "machine": machine_facts(),
    }
    _write(path, config, model, evaluation, info, history, overwrite=overwrite)
    stages.discard()
    return TrainedRun(path, model, evaluation, info)


def _fit(
    model: Any, corpus: AnyCorpus, validation: AnyCorpus | None, stages: RecordedStages, progress: Progress
) -> None:
    """Train; after an error that the user can mend, stages are left behind only where there is something to continue.

    Raises:
        ManylabelError: as the model says.
    """
    try:
        if validation is not None:
            model.validate_on(validation)
        model.fit(corpus, stages=stages, progress=progress)
    except ManylabelError:
        if not stages.has_kept:
            stages.discard()
        raise


def _follow(config: RunConfig[Any], path: Path) -> TrainedRun:
    """Train beside the first process of several, which notes, measures and writes."""
    _check_validation(config)
    corpus, validation, _ = _read(config, SILENT)
    model: Any
    model, _ = MODELS.load(config.model.kind)(config.model).settle(corpus)
    if validation is not None:
        model.validate_on(validation)
    model.fit(corpus, stages=FollowedStages(unfinished_path(path)))
    return TrainedRun(path, model, None, {})


def check_place(path: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse, before any work, to touch a finished or unfinished run without being told to.

    Raises:
        RunError: it lies there, and the flags do not say what to do with it.
    """
    check_vacant(path, overwrite=overwrite)
    unfinished = unfinished_path(path)
    if unfinished.exists() and not (resume or overwrite):
        raise RunError(f"{unfinished}: an unfinished run lies there; pass --resume to continue it or --overwrite")


def unfinished_config(path: str | Path) -> RunConfig[Any]:
    """The configuration of the unfinished run of a path, to continue it without naming the configuration again.

    Raises:
        RunError: no unfinished run lies there.
    """
    file = unfinished_path(Path(path)) / CONFIG_FILE
    if not file.is_file():
        raise RunError(f"{path}: no unfinished run to resume lies there; name a configuration file or --data")
    return read_config(file)


def _as_begun(config: RunConfig[Any], path: Path) -> RunConfig[Any]:
    """With the model that an unfinished run chose from its data: today the choice might turn out another way."""
    begun = (unfinished_path(path) / CONFIG_FILE).is_file()
    return config.with_model(unfinished_config(path).model) if begun and config.model.kind == "auto" else config


def _check_validation(config: RunConfig[Any]) -> None:
    """Refuse validation documents for a model that has no use for them.

    Raises:
        ConfigError: it has none.
    """
    kind = config.model.kind
    if config.data.validation is not None and not hasattr(MODELS.load(kind), "validate_on"):
        raise ConfigError(f"data.validation: {kind} is not trained in epochs and has no use for it; leave it out")


def _read(config: RunConfig[Any], progress: Progress) -> tuple[AnyCorpus, AnyCorpus | None, AnyCorpus | None]:
    """Training, validation and test part; all before any training, so that a mistake in the last costs no hours."""
    progress.note(f"reading {config.data.train}")
    corpus = read_training(config.data, progress)
    progress.note(f"{describe(corpus)}; {corpus.n_labels:,} labels in all")
    labels = corpus.labels.with_counts(corpus.positives)
    width = getattr(corpus, "n_features", None)
    others: list[AnyCorpus | None] = []
    for wanted, source in ((config.data.validation, Source.validation), (config.data.test, Source.test)):
        others.append(None if wanted is None else read_test(source(config.data), labels, width, progress))
        if others[-1] is not None:
            progress.note(describe(others[-1]))
    return corpus, others[0], others[1]


def _fingerprint(config: RunConfig[Any], corpus: AnyCorpus, digests: Mapping[str, str]) -> dict[str, Any]:
    """What the finished stages depend on."""
    return {
        "model": config.model.model_dump(mode="json"),
        "documents": dict(digests),
        "labels": label_space_digest(corpus.labels),
        "manylabel": manylabel.__version__,
    }


def _begin(
    path: Path, config: RunConfig[Any], fingerprint: Mapping[str, Any], resume: bool, overwrite: bool
) -> RecordedStages:
    folder = unfinished_path(path)
    try:
        if overwrite and not resume:
            shutil.rmtree(folder, ignore_errors=True)
        stages = RecordedStages.begin(folder, fingerprint, resume=resume)
        (folder / CONFIG_FILE).write_text(to_yaml(config), encoding="utf-8")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error
    assert isinstance(stages, RecordedStages)
    return stages


def _write(
    path: Path,
    config: RunConfig[Any],
    model: Model,
    evaluation: Evaluation | None,
    info: Mapping[str, Any],
    history: History,
    *,
    overwrite: bool,
) -> None:
    with write_run(path, overwrite=overwrite) as writer:
        writer.info.update(info)
        writer.text(CONFIG_FILE, to_yaml(config))
        model.write_into(writer)
        if evaluation is not None:
            writer.json(METRICS_FILE, evaluation.to_dict())
        history.mark("write")
        writer.text(HISTORY_FILE, history.to_jsonl())
        writer.text(CARD_FILE, model_card(path.resolve().name, config, info, evaluation, model.card_sections()))
