"""The page of one data set about the fused model: cost, quality, groups, differences, what `auto` chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arms import ARMS
from measure import Run
from quality import ALL, F1_AT_5, SHOWN, Judgement, best_peer
from tables import group_heading, marked, notes, number, table, where_and_when

GROUPS = {
    "head": "at least 100 training documents",
    "torso": "10 to 99 training documents",
    "tail": "1 to 9 training documents",
    "unseen": "no training document",
}
IN_GROUPS = ("manylabel-fused", "manylabel-fused-ovr", "manylabel-tree", "manylabel-ovr")
AUTO = "manylabel-auto"
SEMEVAL_DATA = "llms4subjects_core"
COST_NOTE = (
    "Arms marked *texts* start from texts and the label file: making features is part of their training, their batch "
    "and their single documents. The others get matrices that are ready. The calibration error is the expected one "
    "over 15 bins, over the ten labels returned for each test document; margins have none."
)
BOUND_NOTE = (
    "scikit-learn took {making:.1f} s to make the training matrix that PECOS is given ready; ours start from texts. "
    "The bound is taken from PECOS's own time alone. Times are medians, ratios medians over turns that both ran in."
)
QUALITY_NOTE = (
    "Per cent, from the ten best labels. A label that only the label file has may be predicted by the arms that read "
    "it: it takes its place in the list and is wrong. F1@5 is 2PR / (P + R) of the means P = P@5 and R = R@5 over all "
    "documents with labels, as in SemEval-2025 task 5."
)
GROUP_NOTE = (
    "P@k of a group: of its labels among the first k of all lists, the share that is true; the other metrics count "
    "only its labels as true. *best peer* takes the best peer of each cell."
)


def page(runs: list[Run], judged: Mapping[str, Judgement], found: dict[str, Any]) -> str:
    """The whole page, in Markdown."""
    features = found["features"]
    documents, labels = features["documents"], features["labels"]
    parts = [
        f"# Fused ranking on {features['data']}",
        f"{documents['train']:,} training and {documents['test']:,} test documents, {labels['train']:,} labels in "
        f"training and {labels['only_test']:,} in the test part only.",
        where_and_when(found),
        "## Quality\n\n" + _quality(judged) + "\n\n" + QUALITY_NOTE,
        _semeval(features["data"], judged),
        "## Beside the best peer\n\n" + _differences(found["differences"]),
        "## Cost\n\n" + _costs(runs, judged, found) + "\n\n" + COST_NOTE,
        notes(runs, found["not_run"]),
        "## Time to train beside PECOS\n\n" + _bounds(found),
        _auto(judged),
        "## By group of labels\n\n" + GROUP_NOTE + "\n\n" + _groups(judged),
        "What is measured, and how: [README](../README.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def percent(value: float | None) -> str:
    """A fraction in per cent; a dash for None."""
    return "–" if value is None else f"{100 * value:.2f}"


def _quality(judged: Mapping[str, Judgement]) -> str:
    rows = [
        [marked(judgement.run), *(percent(judgement.values()[metric]) for metric in SHOWN)]
        for judgement in judged.values()
    ]
    return table(["arm", *SHOWN], rows)


def _groups(judged: Mapping[str, Judgement]) -> str:
    parts = []
    for group, meaning in GROUPS.items():
        basis = next(iter(judged.values())).evaluation.groups[group]
        heading = group_heading(group, meaning, basis)
        if not basis.positives:
            parts.append(heading)
            continue
        rows = [
            [arm, *(percent(judged[arm].values(group)[metric]) for metric in SHOWN)]
            for arm in IN_GROUPS
            if arm in judged
        ]
        peers = [best_peer(judged, metric, group) for metric in SHOWN]
        if any(peers):
            rows.append(["best peer", *("–" if p is None else f"{percent(p[1])} ({p[0]})" for p in peers)])
        parts.append(heading + "\n\n" + table(["arm", *SHOWN], rows))
    return "\n\n".join(parts)


def _differences(differences: list[dict[str, Any]]) -> str:
    if not differences:
        return "No peer ran."
    rows = []
    for entry in differences:
        low, high = entry["interval"]
        verdict = "better" if low > 0 else "worse" if high < 0 else "open"
        ends = f"{100 * low:+.2f} to {100 * high:+.2f}"
        change = f"{100 * entry['difference']:+.2f}"
        values = [percent(entry["b"]), f"{percent(entry['a'])} ({entry['peer']})"]
        rows.append([entry["arm"], entry["metric"], *values, change, ends, verdict])
    header = ["arm", "metric", "ours", "best peer", "difference", "95 % interval", "verdict"]
    return table(header, rows) + (
        "\n\nPoints; paired bootstrap over the test documents, 2,000 resamples. The best peer is that of each metric."
    )


def _costs(runs: list[Run], judged: Mapping[str, Judgement], found: dict[str, Any]) -> str:
    n_test = found["features"]["documents"]["test"]
    rows = []
    for arm, columns in found["medians"].items():
        judgement = judged[arm]
        cells = [number(columns[name]) for name in ("train s", "train cpu-s", "peak MB", "model MB")]
        cells.append(number(n_test / columns["predict s"]))
        cells += [number(columns[name]) for name in ("one row ms", "one row p95 ms")]
        error = "–" if judgement.calibration is None else f"{judgement.calibration:.4f}"
        own = [run for run in runs if run.arm.name == arm]
        start = "texts" if ARMS[arm].texts else "matrices"
        rows.append([marked(judgement.run), start, str(len(own)), *cells, error])
    costs = ["train s", "train cpu-s", "peak MB", "model MB", "documents/s", "one document ms", "p95 ms"]
    return table(["arm", "starts from", "runs", *costs, "calibration error"], rows)


def _bounds(found: dict[str, Any]) -> str:
    bounds = found["training_bounds"]
    if not bounds:
        return "PECOS did not run in the same turns, so its times say nothing here."
    rows = [
        [
            entry["arm"],
            number(entry["train_seconds"]),
            number(entry["pecos_seconds"]),
            f"{entry['ratio']:.2f}",
            f"{entry['ratio_with_features']:.2f}",
            number(entry["bound_seconds"]),
            f"{entry['kept_in_turns']} of {entry['turns']} turns",
        ]
        for entry in bounds
    ]
    header = ["arm", "train s", "PECOS s", "x PECOS", "x (PECOS + features)", "4 x PECOS + 60 s", "bound kept"]
    return table(header, rows) + "\n\n" + BOUND_NOTE.format(making=found["features"]["fit_transform_seconds"])


def _auto(judged: Mapping[str, Judgement]) -> str:
    others = [arm for arm in judged if ARMS[arm].ours and arm != AUTO]
    if AUTO not in judged or not others:
        return ""
    choice = judged[AUTO].run.result["auto"]
    options = dict(choice["options"])
    if "sources" in options:
        options["sources"] = {name: own for name, own in options["sources"].items() if own != {"kind": name}}
    first = {arm: judged[arm].evaluation.values["P@1"] for arm in (AUTO, *others)}
    best = max(others, key=lambda arm: first[arm])
    reasons = "\n".join(f"* {reason}" for reason in choice["reasons"])
    return (
        f"## What `auto` chose\n\n`{choice['kind']}` with `{options}`:\n\n{reasons}\n\nP@1 "
        f"{percent(first[AUTO])}; the best of our arms configured by hand is {best} with {percent(first[best])}: a "
        f"difference of {100 * (first[AUTO] - first[best]):+.2f} points."
    )


def _semeval(data: str, judged: Mapping[str, Judgement]) -> str:
    if data != SEMEVAL_DATA:
        return ""
    rows = [
        [arm, percent(judged[arm].values(ALL)["R@10"]), percent(judged[arm].values(ALL)[F1_AT_5])]
        for arm in judged
        if ARMS[arm].texts
    ]
    rows.append(["Annif, best system of SemEval-2025 task 5 (published)", "57", "34.3"])
    return (
        "### Beside the shared task\n\n" + table(["system", "R@10", "F1@5"], rows) + "\n\nNot comparable number by "
        "number: Annif's figures are of the hidden test part and 204,739 possible labels; ours are of the development "
        "part and the labels of the core set."
    )
