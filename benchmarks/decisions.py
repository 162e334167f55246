"""Decisions over one and the same linear model, beside LibMultiLabel's one versus rest, thresholds and costs.

    python benchmarks/decisions.py --data-root DIR --data reuters21578 debtags eurlex57k
    python benchmarks/decisions.py --data-root DIR --speed

Everything starts from the same matrices (see ``features.py``). Decisions are fitted on the training part by
cross-fitting and measured on the test part. A peer's run is taken from an earlier call if there is one. Writes
``benchmarks/results/decisions_NAME.{md,json}``, and with ``--speed`` ``decisions_speed.md``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from arms import ARMS, HERE
from decisions_page import page, speed_page
from features import add_data_root, make_features, read_facts
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.decide import METHODS
from manylabel.decide.decision import Decision, fit_to
from manylabel.decide.examples import Examples
from manylabel.metrics.compare import compare
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.cross_fit import out_of_fold
from manylabel.models.linear_ovr import LinearOVR
from scoring import _truth
from turns import say, session_facts

LISTED = 100
METRICS = (
    "micro-F1", "micro-precision", "micro-recall", "macro-F1", "macro-precision", "macro-recall", "example-F1",
)  # fmt: skip
DECISIONS: dict[str, dict[str, Any]] = {
    "fixed": {},
    "top-n (mean number of labels)": {"kind": "top-n"},
    "global": {},
    "global, macro-F1": {"kind": "global", "metric": "macro-F1"},
    "per-label": {},
    "per-label, fallback highest": {"kind": "per-label", "fallback": "highest"},
    "per-frequency": {},
    "per-frequency, fallback highest": {"kind": "per-frequency", "fallback": "highest"},
    "expected-f1": {},
    "expected-f1, platt": {"kind": "expected-f1", "calibration": "platt"},
    "global, isotonic by group": {"kind": "global", "calibration": "isotonic"},
    "hierarchy": {},
    "hierarchy, lowered": {"kind": "hierarchy", "consistency": "lower"},
}
TARGETS = ("each recall>=0.5", "each recall>=0.8", "tail recall>=0.9", "precision>=0.8", "wrong<=0.1")
MODELS: dict[str, dict[str, Any]] = {
    "linear-ovr": {},
    "linear-ovr, cost search macro-F1": {"cost_search": "macro-F1"},
    "linear-ovr, cost search micro-F1": {"cost_search": "micro-F1"},
}
PEERS = {
    "LibMultiLabel tree": "tree",
    "LibMultiLabel 1vsrest": "1vsrest",
    "LibMultiLabel thresholding": "thresholding",
    "LibMultiLabel cost_sensitive": "cost_sensitive",
    "LibMultiLabel cost_sensitive_micro": "cost_sensitive_micro",
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", nargs="+", default=[], metavar="NAME", help="folders in the data root")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), metavar="PEER")
    parser.add_argument("--speed", action="store_true", help="fit every method on 6,000 x 4,000 scores")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    if not arguments.speed and not arguments.data:
        parser.error("name --data, or --speed")
    for name in arguments.data:
        features = make_features(arguments.data_root, name)
        found = {**session_facts(), "features": read_facts(features), **_measured(features, arguments)}
        (arguments.results / f"decisions_{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        (arguments.results / f"decisions_{name}.md").write_text(page(found))
        print(page(found))
    if arguments.speed:
        text = speed_page({**session_facts(), "rows": _speed()})
        (arguments.results / "decisions_speed.md").write_text(text)
        print(text)


def _measured(features: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    model_labels, truth_labels, positives = _truth(features, 0)
    train = FeatureCorpus(
        sp.csr_matrix(sp.load_npz(features / "X.train.npz")).astype(np.float32),
        sp.csr_matrix(sp.load_npz(features / "Y.train.npz")).astype(bool),
        _with_parents(LabelSpace(list(model_labels.names)), arguments.data_root / features.parent.name),
    )
    test = sp.csr_matrix(sp.load_npz(features / "X.test.npz")).astype(np.float32)
    k = min(LISTED, len(model_labels))
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    evaluations: dict[str, Evaluation] = {}
    for model_name in arguments.models:
        options = MODELS[model_name]
        if features.parent.name == "eurlex57k" and "cost_search" in options:
            continue  # fifteen trainings of two minutes each, three times over: see the page
        say(f"{features.parent.name}: {model_name}")
        start = time.perf_counter()
        model = LinearOVR(**options).fit(train)
        trained = time.perf_counter() - start
        asked = model.predict(test, k)
        if options:  # decisions are compared over the plain model; the costs have had their own cross-validation
            decision = fit_to(METHODS.section("fixed")(), Examples.of(asked, positives, truth_labels))  # type: ignore[arg-type]
            evaluation = _evaluated(decision, asked, (truth_labels, positives))
            labels_each = decision.decide(asked).nnz / len(asked)
            rows.append({"model": model_name, "decision": "fixed", "labels": labels_each, "train_seconds": trained})
            rows[-1] |= _values(evaluation)
            evaluations[f"{model_name} | fixed"] = evaluation
            continue
        start = time.perf_counter()
        folds = out_of_fold(model.config, train, k=k)
        fold_seconds = time.perf_counter() - start
        topk = TopK(folds.topk.indices, folds.topk.scores, folds.topk.kind, model.labels)
        examples = Examples.of(topk, train.positives, empty="skip")
        for name, values in DECISIONS.items():
            row, evaluation = _row(name, values, examples, asked, (truth_labels, positives))
            if row is None or evaluation is None:
                continue
            rows.append({"model": model_name, **row, "train_seconds": trained, "fold_seconds": fold_seconds})
            evaluations[f"{model_name} | {name}"] = evaluation
        targets = [_kept(text, examples, asked, (truth_labels, positives)) for text in TARGETS]
    for name in arguments.peers:
        found = _peer(PEERS[name], features, k, (model_labels, truth_labels, positives))
        if found is not None:
            row, evaluations[name] = found
            rows.append({"model": name, "decision": "its own", **row})
    return {"rows": rows, "targets": targets, "k": k, "differences": _differences(evaluations)}


def _row(
    name: str, values: dict[str, Any], examples: Examples, asked: TopK, truth: tuple[LabelSpace, sp.csr_matrix]
) -> tuple[dict[str, Any] | None, Evaluation | None]:
    kind = values.get("kind", name)
    options = {key: value for key, value in values.items() if key != "kind"}
    if kind == "top-n":
        options["n"] = max(1, round(examples.truth.nnz / len(examples)))
    start = time.perf_counter()
    try:
        decision = fit_to(METHODS.section(kind).parse(options, source=kind), examples)  # type: ignore[arg-type]
    except InputError as error:
        say(f"  {name}: {error}")
        return None, None
    seconds = time.perf_counter() - start
    evaluation = _evaluated(decision, asked, truth)
    predicted = decision.facts["metrics"]
    return {
        "decision": name,
        "fit_seconds": seconds,
        "labels": decision.decide(asked).nnz / len(asked),
        "cross_fitted": {metric: predicted[metric] for metric in ("micro-F1", "macro-F1")},
        **_values(evaluation),
    }, evaluation


def _evaluated(decision: Decision, asked: TopK, truth: tuple[LabelSpace, sp.csr_matrix]) -> Evaluation:
    assert asked.labels is not None
    settings = Settings(metrics=METRICS, n_bootstrap=0)
    evaluator = Evaluator(asked.labels, settings, test_labels=truth[0])
    return evaluator.update(asked.head(0), truth[1], decision.decide(asked)).result()


def _values(evaluation: Evaluation) -> dict[str, Any]:
    groups = {name: dict(group.values) for name, group in evaluation.groups.items()}
    return {"metrics": dict(evaluation.values), "groups": groups}


def _kept(text: str, examples: Examples, asked: TopK, truth: tuple[LabelSpace, sp.csr_matrix]) -> dict[str, Any]:
    """Whether a target of risk control holds on the test part."""
    section = METHODS.section("risk-control").parse({"targets": [text]}, source="risk-control")
    try:
        decision = fit_to(section, examples)  # type: ignore[arg-type]
    except InputError as error:
        return {"target": text, "refused": str(error)}
    evaluation = _evaluated(decision, asked, truth)
    reached = []
    for item in decision.method.facts["targets"]:
        group, measure = item["target"]["group"], item["target"]["measure"]
        values = evaluation.values if group is None else evaluation.groups[group].values
        reached.append({"group": group or "all", "wanted": item["target"]["level"], "test": values[f"micro-{measure}"]})
    return {"target": text, "reached": reached, **_values(evaluation)}


def _peer(
    variant: str, features: Path, k: int, labels: tuple[LabelSpace, LabelSpace, sp.csr_matrix]
) -> tuple[dict[str, Any], Evaluation] | None:
    arm = ARMS["libmultilabel-1vsrest"]
    out = features.parent / "runs" / f"libmultilabel-{variant}-lists"
    if not (out / "topk.npz").exists():
        if features.parent.name == "eurlex57k" and variant != "tree":
            say(f"  {variant}: not run, its dense weights and folds would take hours; see the page")
            return None
        say(f"  {variant} ...")
        command = [arm.python, arm.script, features, out, "--variant", variant, "--k", k]
        subprocess.run([str(word) for word in command], check=True)
    result = json.loads((out / "result.json").read_text())
    with np.load(out / "topk.npz") as arrays:
        topk = TopK(arrays["indices"], arrays["scores"], result["score_kind"], labels[0])
    threshold = 0.5 if topk.kind == "probability" else float(np.nextafter(np.float32(0), np.float32(1)))
    settings = Settings(metrics=METRICS, n_bootstrap=0, threshold=threshold)
    evaluation = Evaluator(labels[0], settings, test_labels=labels[1]).update(topk, labels[2]).result()
    labels_each = float((topk.scores >= threshold).sum() / len(topk))
    return {"train_seconds": result["train_seconds"], "labels": labels_each, **_values(evaluation)}, evaluation


def _differences(evaluations: dict[str, Evaluation]) -> list[dict[str, Any]]:
    """Every decision of ours against the peer's thresholds, paired by document."""
    rival = evaluations.get("LibMultiLabel thresholding")
    found = []
    for name, evaluation in evaluations.items():
        if rival is None or name in PEERS:
            continue
        comparison = compare(rival, evaluation, metrics=("micro-F1", "macro-F1"), n_resamples=1000)
        found += [{"name": name, **item.to_dict()} for item in comparison.differences if item.view == "all"]
    return found


def _with_parents(labels: LabelSpace, folder: Path) -> LabelSpace:
    """The labels with their parents, where the label file names any."""
    import lzma
    from dataclasses import replace

    file = folder / "labels.jsonl.xz"
    if not file.exists():
        return labels
    with lzma.open(file, "rt") as lines:
        parents = {record["label"]: tuple(record.get("parents") or ()) for record in map(json.loads, lines)}
    return replace(labels, parents=[parents.get(name, ()) for name in labels.names])


def _speed() -> list[dict[str, Any]]:
    """Seconds to fit each method once, without the two fits that measure it, and to decide, on all scores listed."""
    rng = np.random.default_rng(0)
    n, n_labels = 6000, 4000
    scores = rng.normal(size=(n, n_labels)).astype(np.float32) * 2 - 8
    truth = sp.csr_matrix(rng.random((n, n_labels)) < 1 / (1 + np.exp(-2 * scores - 4)))
    counts = np.maximum((5000 / np.arange(1, n_labels + 1)).astype(np.int64), 1)
    parents = [(f"{i // 10}",) if i else () for i in range(n_labels)]
    labels = LabelSpace([str(i) for i in range(n_labels)], counts=counts, n_documents=50_000, parents=parents)
    examples = Examples.of(TopK.from_dense(scores, n_labels, kind="margin", labels=labels), truth)
    cases = {**DECISIONS, "risk-control, recall": {"kind": "risk-control", "targets": ["recall>=0.5"]}}
    cases["risk-control, precision"] = {"kind": "risk-control", "targets": ["precision>=0.5"]}
    from manylabel.decide.decision import _fit

    rows = []
    whole = examples
    for name, values in cases.items():
        kind = values.get("kind", name)
        options = {key: value for key, value in values.items() if key != "kind"}
        section = METHODS.section(kind).parse(options, source=kind)
        examples = whole.with_topk(whole.topk.head(LISTED)) if kind == "hierarchy" else whole
        times = []
        for _ in range(2):  # the first call may compile
            start = time.perf_counter()
            decision = _fit(section, examples)  # type: ignore[arg-type]
            middle = time.perf_counter()
            decision.decide(examples.topk)
            times.append((middle - start, time.perf_counter() - middle))
        rows.append({"name": name, "fit": min(t[0] for t in times), "decide": min(t[1] for t in times)})
        say(f"{name}: {rows[-1]}")
    return rows


if __name__ == "__main__":
    main()
