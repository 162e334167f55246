"""Is one run better than another? The same test documents, paired."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.metrics.compare import compare
from manylabel.metrics.comparison import Comparison
from manylabel.metrics.evaluation import Evaluation
from manylabel.runs.evaluate import OpenRun, check_unchanged, measure, open_run
from manylabel.runs.evaluate_config import EvaluateConfig
from manylabel.runs.reading import describe, read_test


def compare_runs(
    paths: Sequence[str | Path],
    data: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    progress: Progress = SILENT,
) -> list[Comparison]:
    """Compare the first run with each of the others.

    All are measured as the first one's configuration says (metrics, k, resamples), each on texts put together as in
    its own training, and with its own decision unless the configuration says what the label sets are.

    Args:
        paths: two or more runs.
        data: a file or folder with documents and labels; by default the test part that all were evaluated on when
            they were trained.
        overrides: as for :func:`manylabel.runs.evaluate.open_run`.
        progress: counts documents.

    Raises:
        ConfigError: fewer than two runs, or no resamples asked for.
        InputError: test parts, label spaces or training counts differ, with the reason.
        RunError: not a run, or damaged.
    """
    if len(paths) < 2:
        raise ConfigError("name at least two runs to compare")
    evaluations: list[Evaluation] = []
    first: OpenRun | None = None
    for path in paths:
        run = open_run(path, overrides)
        first = first or run
        if data is None:
            _check_same_test(first, run)
        evaluations.append(_evaluation(run, data, first.config.evaluate, progress))
    assert first is not None
    return _compared(evaluations, _names(paths), first.config.evaluate)


def _compared(evaluations: Sequence[Evaluation], names: Sequence[str], config: EvaluateConfig) -> list[Comparison]:
    return [
        compare(
            evaluations[0],
            other,
            names=(names[0], name),
            confidence=config.confidence,
            n_resamples=config.n_bootstrap,
            seed=config.seed,
        )
        for other, name in zip(evaluations[1:], names[1:], strict=True)
    ]


def _evaluation(run: OpenRun, data: str | Path | None, config: EvaluateConfig, progress: Progress) -> Evaluation:
    if config.n_bootstrap < 1:
        raise ConfigError("evaluate.n_bootstrap: a comparison needs resamples, for example 1000")
    corpus = read_test(run.source(data), run.model.labels, run.model.n_features, progress)
    progress.note(f"{run.path} on {describe(corpus)}")
    if data is None:
        check_unchanged(run, corpus)
    # The intervals of each run alone are not asked for here.
    return measure(run.model, corpus, config.with_values(n_bootstrap=0), progress, run.decision)


def _check_same_test(first: OpenRun, run: OpenRun) -> None:
    ours, theirs = _test_facts(first), _test_facts(run)
    if ours["truth_digest"] != theirs["truth_digest"]:
        raise InputError(
            f"{first.path} and {run.path} were evaluated on different test parts: {_said(ours)}, and {_said(theirs)}",
            remedy="name the data to compare them on: --data FILE",
        )


def _test_facts(run: OpenRun) -> dict[str, Any]:
    facts = run.directory.manifest["info"].get("data", {}).get("test")
    if facts is None:
        raise InputError(
            "the run was trained without a test part",
            path=run.path,
            remedy="name the data to compare on: --data FILE",
        )
    return facts


def _said(facts: dict[str, Any]) -> str:
    return f"{facts['source']} with {facts['documents']:,} documents and {facts['pairs']:,} labels given"


def _names(paths: Sequence[str | Path]) -> list[str]:
    """Folder names, or whole paths where two have the same name."""
    short = [Path(path).name or str(path) for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]
