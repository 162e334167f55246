"""A fitted decision: scores in, label sets out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError, RunError
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.topk import TopK
from manylabel.decide import METHODS
from manylabel.decide.calibration import Calibration, reliability_by_group
from manylabel.decide.examples import Examples
from manylabel.decide.measured import measure
from manylabel.decide.method import Method
from manylabel.decide.section import MethodSection
from manylabel.metrics.settings import Empty

FILE = "decision.json"
ARRAYS_FILE = "decision.safetensors"

METRICS = (
    "micro-F1", "micro-precision", "micro-recall",
    "macro-F1", "macro-F1-supported", "macro-recall-supported", "example-F1",
)  # fmt: skip
"""What a decision reports of itself."""

_CALIBRATION = "calibration"


@dataclass(frozen=True, eq=False)
class Decision:
    """A method with what it found, and the calibration before it.

    Attributes:
        method: the fitted method.
        calibration: curves that its scores go through first, if any.
        k: length of the lists that it was fitted on, and needs.
        facts: what is known of it, JSON-ready: documents, metrics on documents that a fit on others has not seen,
            calibration error; and what the caller adds.
    """

    method: Method
    calibration: Calibration | None
    k: int
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Name of the method."""
        return self.method.kind

    def scores(self, topk: TopK) -> TopK:
        """The scores that are decided on: calibrated ones, in the order of the lists, where there is a calibration."""
        return topk if self.calibration is None else self.calibration(topk)

    def decide(self, topk: TopK) -> csr_matrix:
        """Label sets of documents.

        Args:
            topk: lists of at least `k` labels (or of all), with their label space.

        Returns:
            bool CSR ``[n, L]`` over the label space of the lists, sorted columns.
        """
        return self.method.decide(self.scores(topk.head(self.k)))

    def describe(self) -> str:
        """What it does, what it rests on and how good it is, in a few lines."""
        lines = [f"{self.kind}: {self.method.describe()[0]}", *self.method.describe()[1:]]
        if self.calibration is not None:
            config = self.calibration.config
            curves = "one curve" if config.by == "all" else f"a curve each for {', '.join(self.calibration.curves)}"
            errors = self.facts["calibration_error"]
            before = "" if errors["before"] is None else f", {100 * errors['before']:.2f} % before"
            lines.append(
                f"probabilities by {config.kind} calibration, {curves}; expected calibration error of "
                f"the first five labels {100 * errors['after']:.2f} %{before}"
            )
        if self.facts.get("metrics"):
            values = ", ".join(f"{name} {100 * value:.2f}" for name, value in self.facts["metrics"].items())
            lines.append(f"on {self.facts['documents']:,} documents, {self.facts['measured']}: {values}")
            lines.append(
                f"{self.facts['labels_per_document']:.2f} labels a document (true: "
                f"{self.facts['true_labels_per_document']:.2f}), {100 * self.facts['empty_share']:.1f} % without any"
            )
        if self.facts.get("folds"):
            lines.append(
                f"scores come from {self.facts['folds']} models that did not see the documents and stand in for the "
                "final one; near-twins of a document in other folds flatter all of this"
            )
        return "\n".join(lines)

    def write(self, writer: RunWriter) -> None:
        """Write it into a run, or an amendment of one."""
        section = self.method.config.model_dump(mode="json")
        content = {
            "method": section,
            "k": self.k,
            "found": self.method.facts,
            "scores": None if self.calibration is None else self.calibration.kind,
            "cuts": None if self.calibration is None else list(self.calibration.cuts),
            "facts": self.facts,
        }
        writer.json(FILE, _without_nan(content))
        curves = {} if self.calibration is None else with_prefix(_CALIBRATION, self.calibration.to_arrays())
        arrays = {**with_prefix("method", self.method.to_arrays()), **curves}
        writer.arrays(ARRAYS_FILE, arrays or {"nothing": np.zeros(0)})

    @classmethod
    def read(cls, run: RunDirectory) -> Decision | None:
        """The decision of a run; None where it has none.

        Raises:
            RunError: it is damaged, or of a version that knows other methods.
        """
        if FILE not in run:
            return None
        content, arrays = run.read_json(FILE), run.read_arrays(ARRAYS_FILE)
        try:
            kind = content["method"]["kind"]
            if kind not in METHODS:
                raise RunError(f"{run.file(FILE)}: holds a decision {kind!r}, which this version does not know")
            config = METHODS.section(kind).model_validate(content["method"])
            method: Method = METHODS.load(kind)(config)
            method.restore(without_prefix("method", arrays), content["found"])
            calibration = None
            if config.calibration is not None:  # type: ignore[attr-defined]
                curves = without_prefix(_CALIBRATION, arrays)
                low, high = content["cuts"]
                calibration = Calibration.restore(config.calibration, curves, content["scores"], (low, high))  # type: ignore[attr-defined]
            return cls(method, calibration, int(content["k"]), dict(content["facts"]))
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise RunError(
                f"{run.file(FILE)}: does not make a decision of this version ({' '.join(str(error).split())}); fit it "
                "anew with manylabel decide"
            ) from None


def fit_decision(
    method: str, topk: TopK, corpus: Corpus, *, empty: Empty = "skip", seed: int = 0, **options: Any
) -> Decision:
    """Fit a decision on predictions for documents that the model did not learn from.

    Args:
        method: a name of the table :data:`manylabel.decide.METHODS`.
        topk: the predictions, with the label space of the model.
        corpus: the documents, in the same order.
        empty: documents without a true label are left out (``skip``), or whatever they are given is wrong (``zero``).
        seed: of the halves on which the outcome is measured.
        **options: fields of the method's section.

    Raises:
        ConfigError: no such method or option.
        InputError: these documents cannot support what is asked.
    """
    section = METHODS.section(method).parse(options, source=method)
    return fit_to(section, Examples.of(topk, corpus.positives, corpus.labels, empty=empty), seed=seed)  # type: ignore[arg-type]


def fit_to(config: MethodSection, examples: Examples, *, seed: int = 0) -> Decision:
    """Fit calibration and method on held-out scores, and find out how good the outcome is.

    The metrics are those of two fits, each on one half of the documents and measured on the other; a method that learns
    nothing is measured on all at once.

    Args:
        config: section of the method.
        examples: scores of documents that the model did not learn from.
        seed: of the halves.

    Raises:
        InputError: these documents cannot support what is asked.
    """
    decision = _fit(config, examples)
    tried = _fits_on_halves(decision, config, examples, seed)
    if tried:
        order = np.argsort(np.concatenate([rows for rows, _ in tried]), kind="stable")
        parts = [half.decide(examples.topk[rows]) for rows, half in tried]
        sets = csr_matrix(vstack(parts, format="csr")[order])
    else:
        sets = decision.decide(examples.topk)
    found = measure(examples, sets, METRICS)
    facts: dict[str, Any] = {
        "documents": len(examples),
        "measured": _how(decision, tried),
        "metrics": dict(found.values),
        "groups": {name: group.to_dict() for name, group in found.groups.items()},
        "labels_per_document": sets.nnz / len(examples),
        "true_labels_per_document": examples.truth.nnz / len(examples),
        "empty_share": float((np.diff(sets.indptr) == 0).mean()),
    }
    if decision.calibration is not None:
        facts |= _reliability(decision, tried, examples)
    return Decision(decision.method, decision.calibration, decision.k, facts)


def load_decision(path: str | Path) -> Decision | None:
    """The decision of a run; None where none was fitted.

    Raises:
        RunError: not a run, damaged, or a decision of another version.
    """
    return Decision.read(RunDirectory.open(path))


def _fit(config: MethodSection, examples: Examples) -> Decision:
    calibration = None if config.calibration is None else Calibration.fit(config.calibration, examples)
    seen = examples if calibration is None else examples.with_topk(calibration(examples.topk))
    method: Method = METHODS.load(config.kind)(config)  # type: ignore[attr-defined]
    return Decision(method.fit(seen), calibration, examples.topk.k)


def _fits_on_halves(
    decision: Decision, config: MethodSection, examples: Examples, seed: int
) -> list[tuple[np.ndarray, Decision]]:
    """The rows of each half with the decision of a fit on the other; none where that would tell nothing."""
    if not _learns(decision):
        return []
    first, second = _halves(len(examples), seed)
    try:
        return [(own, _fit(config, examples.select(other))) for own, other in ((first, second), (second, first))]
    except InputError:  # half of the documents do not support what all of them do
        return []


def _learns(decision: Decision) -> bool:
    return decision.method.learns or decision.calibration is not None


def _how(decision: Decision, tried: Sequence[tuple[np.ndarray, Decision]]) -> str:
    """How the label sets that are measured were come by."""
    if tried:
        return "by two fits, each measured on the half that it has not seen"
    return "the very ones that it was fitted on" if _learns(decision) else "to which nothing was fitted"


def _reliability(
    decision: Decision, tried: Sequence[tuple[np.ndarray, Decision]], examples: Examples
) -> dict[str, Any]:
    """Calibration error and curves, where they could be fitted on one half and measured on the other."""
    topk = examples.topk
    scores = np.full(topk.scores.shape, -np.inf, np.float32)
    for rows, half in tried or [(np.arange(len(examples)), decision)]:
        scores[rows] = half.scores(topk[rows]).scores
    after = reliability_by_group(examples.with_topk(TopK(topk.indices, scores, "probability", topk.labels)))
    before = reliability_by_group(examples) if topk.kind == "probability" else None
    return {
        "calibration_error": {"before": None if before is None else before["all"].ece, "after": after["all"].ece},
        "reliability": {name: part.to_dict() for name, part in after.items()},
    }


def _halves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: None stands for it."""
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
