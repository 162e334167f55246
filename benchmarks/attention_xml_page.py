"""The page of ``attention_xml.py``: cost, quality, label frequency, and what is wanted beside what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from fused_page import GROUP_NOTE, GROUPS, percent
from measure import Run
from peers.attention_xml_variants import FLAT, FUSED, FUSED_TREE, LINEAR, TREE
from quality import Judgement
from summary import Measure, paired_ratio
from tables import group_heading, marked, notes, number, table, where_and_when

Value = Callable[[dict[str, Any]], float | None]

SHARE_WANTED = 0.33
FASTER_WANTED = 2.9
METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "micro-F1", "macro-F1", "macro-F1-supported")
BY_GROUP = ("P@5", "R@5", "nDCG@5", "PSP@5", "macro-F1")
COMPARED = ("P@1", "P@3", "P@5", "PSP@5")
KINDS = (LINEAR, FUSED, TREE, FUSED_TREE)


def _over_start(result: dict[str, Any]) -> float:
    return result["peak_rss_training_mb"] - result["rss_before_training_mb"]


def _epoch(level: int, part: str = "train") -> Value:
    """The median time of an epoch of a level, counted from the last; None where the network has none."""

    def read(result: dict[str, Any]) -> float | None:
        levels = result.get("levels", ())
        return median(levels[level][part]) if len(levels) >= -level else None

    return read


COSTS: dict[str, Value] = {
    "train s": lambda r: r["train_seconds"],
    "train cpu-s": lambda r: r["train_cpu_seconds"],
    "clustering s": lambda r: r.get("clustering_seconds"),
    "epoch of clusters s": _epoch(-2),
    "candidates s": lambda r: r.get("choosing_seconds"),
    "epoch of labels s": _epoch(-1),
    "validation s": _epoch(-1, "validation"),
    "peak MiB": lambda r: r["peak_rss_training_mb"],
    "over start MiB": _over_start,
    "model MB": lambda r: r["model_bytes"] / 1e6,
    "predict s": lambda r: r["predict_seconds"],
    "one document ms": lambda r: r["latency_ms_p50"],
}
RATIOS = {
    "train s": COSTS["train s"],
    "train cpu-s": COSTS["train cpu-s"],
    "epoch of clusters": COSTS["epoch of clusters s"],
    "epoch of labels": COSTS["epoch of labels s"],
    "peak": COSTS["peak MiB"],
    "over start": _over_start,
}
COST_NOTE = (
    "*train s* goes from texts in memory to the trained model with the weights of its best epochs. *clustering*: from "
    "texts to clusters, TF-IDF included. *epoch*: training steps of a median epoch, validation not included; "
    "*validation* follows each epoch of labels. *candidates*: from the end of the last epoch of clusters to the first "
    "epoch of labels. *peak* is of the whole process until the end of training, *over start* less what it had before. "
    "LibMultiLabel's model holds the optimiser's state."
)
SETTINGS_NOTE = (
    "Adam at a constant rate, the best epoch of each level by P@1 on the validation documents. LibMultiLabel's flat "
    "network has an output of each label, manylabel's the hidden layer that all labels share. LibMultiLabel makes its "
    "clusters of training and validation documents; all others learn from training documents alone. All get the "
    "same words in lower case, without numbers. The fused model trains attention-xml once for each fold and once on "
    "all documents, and holds validation documents out of these."
)


def page(runs: list[Run], judged: Mapping[str, Judgement], facts: dict[str, Any]) -> str:
    """The whole page, in Markdown."""
    data = facts["data"]
    parts = [
        f"# AttentionXML on {data['data']}",
        _settings(data, facts["threads"]),
        where_and_when(facts),
        "## Cost\n\n" + _costs(runs) + "\n\n" + COST_NOTE,
        notes(runs, facts["not_run"]),
        "## Quality\n\n" + _quality(runs) + "\n\nPer cent; PSP with A = 0.55, B = 1.5 from the training documents.",
        _beside_theirs(runs),
        _beside_flat(runs),
        "## By label frequency\n\n" + GROUP_NOTE.partition(" *best peer*")[0] + "\n\n" + _groups(judged),
        _wins(judged),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _settings(data: dict[str, Any], threads: int) -> str:
    documents, labels, own = data["documents"], data["labels"], data["settings"]
    vectors = data["vectors"]
    words = (
        "random word vectors, the same for all"
        if vectors["random"]
        else f"word vectors of {vectors['width']} numbers from a file that has {vectors['found']:,} of the "
        f"{vectors['words']:,} words (random ones for the others, the same for all)"
    )
    return (
        f"{documents['train']:,} training, {documents['validation']:,} validation and {documents['test']:,} test "
        f"documents of {data['tokens']:.1f} tokens on average; {labels['columns']:,} labels, {labels['train']:,} of "
        f"them with a training document; {labels['all'] - labels['columns']:,} more in the test part only. Of all "
        f"networks: {words}; states and hidden layer of {own['width']}, {own['epochs']} epochs a level, batches of "
        f"{own['batch']}, the first {own['length']} tokens, clusters of at most {own['cluster_size']} labels, "
        f"{own['beam_width']} clusters searched, {threads} thread(s). {SETTINGS_NOTE}"
    )


def _arms(runs: list[Run]) -> dict[str, list[Run]]:
    return {arm: [run for run in runs if run.arm.name == arm] for arm in dict.fromkeys(run.arm.name for run in runs)}


def _middle(runs: list[Run], read: Value) -> float | None:
    found = [value for run in runs if (value := read(run.result)) is not None]
    return median(found) if found else None


def _shown(value: float | None) -> str:
    return "–" if value is None else number(value)


def _costs(runs: list[Run]) -> str:
    rows = [
        [marked(own[0]), str(len(own)), *(_shown(_middle(own, read)) for read in COSTS.values())]
        for own in _arms(runs).values()
    ]
    return table(["arm", "runs", *COSTS], rows)


def _metric(own: list[Run], name: str) -> float:
    return median(100 * run.result["metrics"][name] for run in own)


def _quality(runs: list[Run]) -> str:
    rows = [[marked(own[0]), *(f"{_metric(own, name):.2f}" for name in METRICS)] for own in _arms(runs).values()]
    return table(["arm", *METRICS], rows)


def _ratio(runs: list[Run], arm: str, other: str, read: Value, *, clock: bool = True) -> float | None:
    """The ratio of two arms, run by run; None where one of them has no such number."""
    both = [run for run in runs if run.arm.name in (arm, other)]
    if any(read(run.result) is None for run in both):
        return None
    return paired_ratio(both, arm, other, Measure("", lambda r: read(r) or 0.0, clock=clock))


def _told(met: bool) -> str:
    return "yes" if met else "**no**"


def _beside_theirs(runs: list[Run]) -> str:
    """Ours beside LibMultiLabel's: epochs and memory at most a third, quality no worse."""
    own = _arms(runs)
    rows = []
    for kind in (TREE, FLAT):
        ours, theirs = f"manylabel-{kind}", f"libmultilabel-{kind}"
        if not {ours, theirs} <= own.keys():
            continue
        found = {name: _ratio(runs, ours, theirs, read) for name, read in RATIOS.items()}
        change = {name: _metric(own[ours], name) - _metric(own[theirs], name) for name in COMPARED}
        epochs = [value for name in ("epoch of clusters", "epoch of labels") if (value := found[name]) is not None]
        memory = found["peak"]
        assert memory is not None
        met = [max(epochs) <= SHARE_WANTED, memory <= SHARE_WANTED, min(change.values()) >= 0]
        cells = ["–" if value is None else f"{value:.2f}" for value in found.values()]
        rows.append([kind, *cells, *(f"{value:+.2f}" for value in change.values()), *map(_told, met)])
    if not rows:
        return ""
    heading = ["network", *RATIOS, *COMPARED, "epochs met", "peak met", "quality met"]
    return (
        "## Ours beside theirs\n\n"
        + table(heading, rows)
        + f"\n\nTimes and memory as ours / theirs, quality in points. "
        f"Wanted: every level's epoch and the peak at most {SHARE_WANTED:g}, no metric lower."
    )


def _beside_flat(runs: list[Run]) -> str:
    """The tree beside the flat network of the same library."""
    own = _arms(runs)
    rows = []
    for library in ("manylabel", "libmultilabel"):
        tree, flat = f"{library}-{TREE}", f"{library}-{FLAT}"
        if not {tree, flat} <= own.keys():
            continue
        faster = _ratio(runs, flat, tree, COSTS["train s"])
        cpu = _ratio(runs, flat, tree, COSTS["train cpu-s"])
        peak = _ratio(runs, tree, flat, COSTS["peak MiB"])
        assert faster is not None
        assert cpu is not None
        assert peak is not None
        change = [_metric(own[tree], name) - _metric(own[flat], name) for name in ("P@1", "P@5", "PSP@5")]
        met = [_told(faster >= FASTER_WANTED), _told(change[0] >= 0)] if library == "manylabel" else ["", ""]
        cells = [f"{faster:.2f}", f"{cpu:.2f}", f"{peak:.2f}", *(f"{value:+.2f}" for value in change)]
        rows.append([library, *cells, *met])
    if not rows:
        return ""
    heading = ["library", "times faster", "times less cpu-s", "peak", "P@1", "P@5", "PSP@5", "speed met", "P@1 met"]
    return (
        "## Tree beside flat\n\n"
        + table(heading, rows)
        + f"\n\nTraining from texts to model. Wanted of ours: at least "
        f"{FASTER_WANTED:g} times faster at no lower P@1. Peak as tree / flat, quality in points."
    )


def _groups(judged: Mapping[str, Judgement]) -> str:
    parts = []
    for group, meaning in GROUPS.items():
        basis = next(iter(judged.values())).evaluation.groups[group]
        heading = group_heading(group, meaning, basis)
        if group == "unseen" or not basis.positives:
            parts.append(heading + (" No arm can predict them." if basis.positives else ""))
            continue
        rows = [
            [marked(judgement.run), *(percent(judgement.values(group)[metric]) for metric in BY_GROUP)]
            for judgement in judged.values()
        ]
        parts.append(heading + "\n\n" + table(["arm", *BY_GROUP], rows))
    return "\n\n".join(parts)


def _wins(judged: Mapping[str, Judgement]) -> str:
    """Which of our models is best for which labels, and what the tree of networks adds to the others."""
    known = {kind: judged[f"manylabel-{kind}"] for kind in KINDS if f"manylabel-{kind}" in judged}
    if len(known) < 2:
        return ""
    questions = [pair for pair in ((TREE, LINEAR), (TREE, FUSED), (FUSED_TREE, FUSED)) if {*pair} <= known.keys()]
    rows = []
    for group in ("all", "head", "torso", "tail"):
        if group != "all" and not next(iter(known.values())).evaluation.groups[group].positives:
            continue
        values = {kind: judgement.values(group) for kind, judgement in known.items()}
        for metric in BY_GROUP:
            own = {kind: value for kind in known if (value := values[kind][metric]) is not None}
            best = max(own, key=lambda kind: own[kind])
            told = [_above(own.get(one), own.get(two)) for one, two in questions]
            rows.append([group, metric, *(percent(own.get(kind)) for kind in known), best, *told])
    heading = ["labels", "metric", *known, "best", *(f"{one} above {two}" for one, two in questions)]
    return "## Where each model is best\n\n" + table(heading, rows)


def _above(one: float | None, two: float | None) -> str:
    """Whether one fraction is above the other, and by how many points."""
    return "–" if one is None or two is None else f"{_told(one > two)} ({100 * (one - two):+.2f})"
