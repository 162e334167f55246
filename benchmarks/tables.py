"""Write one data set's results as Markdown for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from measure import Run
from summary import MEASURES, best_peer, comparisons, medians, paired_ratio

BUSY_SHARE = 0.15
"""Where other programs used more than this share of the CPU time of training, the table says so."""


def write_results(folder: Path, name: str, runs: list[Run], failed: dict[str, str], facts: dict[str, Any]) -> Path:
    """Write ``NAME.md`` and ``NAME.json`` into ``folder``; the path of the former.

    Args:
        folder: usually ``benchmarks/results``.
        name: as ``linear_wordnet3``.
        runs: all runs of all arms.
        failed: by arm, why it has no run.
        facts: machine, date, command, features.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        **facts,
        "medians": medians(runs),
        "comparisons": comparisons(runs),
        "not_run": failed,
        "runs": [{"arm": r.arm.name, "repeat": r.repeat, "reused": r.reused, **r.result} for r in runs],
    }
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    path = folder / f"{name}.md"
    path.write_text(markdown(runs, failed, facts), encoding="utf-8")
    return path


def group_heading(group: str, meaning: str, basis: Any) -> str:
    """The heading of a group of labels by frequency, and what there is of it in the test part."""
    return (
        f"### {group}: {meaning}\n\n{basis.labels_in_test:,} labels in the test part, {basis.positives:,} true "
        f"(document, label) pairs in {basis.documents:,} documents."
    )


def markdown(runs: list[Run], failed: dict[str, str], facts: dict[str, Any]) -> str:
    """The whole page."""
    features = facts["features"]
    documents, labels = features["documents"], features["labels"]
    parts = [
        f"# Linear models on {features['data']}",
        f"{documents['train']:,} training and {documents['test']:,} test documents, {labels['train']:,} labels in "
        f"training and {labels['only_test']:,} in the test part only, {features['features']:,} features "
        f"(scikit-learn {features['scikit_learn']} `TfidfVectorizer()`, float32).",
        where_and_when(facts),
        _cost_table(runs),
        _quality_table(runs),
        notes(runs, failed),
    ]
    if any(run.arm.ours for run in runs):
        parts.append("## Beside the best peer of each column\n\n" + _comparison_table(runs))
    parts.append("What each column means and how it is measured: [README](../README.md).")
    return "\n\n".join(part for part in parts if part) + "\n"


def where_and_when(facts: dict[str, Any]) -> str:
    """The line with date, commit, machine and command."""
    machine = facts["machine"]
    return (
        f"{facts['date']}, manylabel {facts['commit']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}. Command: `{facts['command']}`"
    )


def _cost_table(runs: list[Run]) -> str:
    """Time, memory and size, with the training time relative to the fastest peer of this session."""
    costs = [measure for measure in MEASURES if not measure.higher]
    fastest = best_peer(runs, costs[0])
    rows = []
    for arm, columns in medians(runs).items():
        own = [run for run in runs if run.arm.name == arm]
        reused = own[0].reused
        ratio = "" if fastest is None or reused else f"{paired_ratio(runs, arm, fastest, costs[0]):.2f}"
        values = [number(columns[measure.name]) for measure in costs]
        rows.append([marked(own[0]), own[0].result["version"], str(len(own)), values[0], ratio, *values[1:]])
    names = [measure.name for measure in costs]
    return table(["arm", "version", "runs", names[0], "x fastest", *names[1:]], rows)


def _quality_table(runs: list[Run]) -> str:
    metrics = [measure.name for measure in MEASURES if measure.higher]
    first = {run.arm.name: run for run in reversed(runs)}
    rows = [
        [marked(first[arm]), *(number(columns[metric]) for metric in metrics)] for arm, columns in medians(runs).items()
    ]
    return table(["arm", *metrics], rows)


def marked(run: Run) -> str:
    """The name of a run's arm, marked where the run is an earlier one."""
    return run.arm.name + ("†" if run.reused else "")


def notes(runs: list[Run], failed: dict[str, str]) -> str:
    """What a reader must know about single arms: reused, disturbed, not run."""
    lines = [
        f"* † {run.arm.name}: measured earlier, {run.result['date'][:16]}Z, with {other_share(run):.0%} of the busy "
        "processor time during training taken by other programs; its times are not side by side with the others."
        for run in runs
        if run.reused
    ]
    fresh = [run for run in runs if not run.reused]
    busy = [run for run in fresh if other_share(run) > BUSY_SHARE]
    if busy:
        worst = max(other_share(run) for run in busy)
        lines.append(
            f"* Other programs took up to {worst:.0%} of the busy processor time during training in {len(busy)} of "
            f"{len(fresh)} runs: {', '.join(sorted({run.arm.name for run in busy}))}. Trust cpu-seconds and ratios."
        )
    lines.extend(f"* {arm}: not run. {reason}" for arm, reason in failed.items())
    return "\n".join(lines)


def other_share(run: Run) -> float:
    other, own = run.result["train_other_cpu_seconds"], run.result["train_cpu_seconds"]
    return other / (other + own) if other else 0.0


def _comparison_table(runs: list[Run]) -> str:
    rows = []
    for found in comparisons(runs):
        sign = "≥" if found["higher_is_better"] else "≤"
        rows.append(
            [
                found["arm"],
                found["measure"],
                number(found["ours"]),
                f"{number(found['theirs'])} ({found['peer']})",
                f"{found['ratio']:.3f}",
                f"{sign} {found['target']:g}",
                "yes" if found["met"] else "**no**",
            ]
        )
    return table(["arm", "measure", "ours", "best peer", "ratio", "wanted", "met"], rows)


def number(value: float) -> str:
    """A number with as many places as are of use."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def count_or_number(value: float) -> str:
    """A whole number in full with its thousands separated, any other as :func:`number` writes it."""
    return f"{value:,}" if isinstance(value, int) else number(value)


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
