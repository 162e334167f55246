"""A score that is too good to be true."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.twins import twins
from manylabel.report.doctor.wording import percent

_TOO_GOOD = 0.98
_FEWEST_LABELS = 5


def too_good(examined: Examined) -> list[Finding]:
    """A micro-F1 above 98 % over five labels or more: people who label the same texts twice agree less."""
    part, evaluation = examined.measured, examined.measured.evaluation
    f1 = evaluation.values["micro-F1"]
    if f1 < _TOO_GOOD or evaluation.basis.labels_in_test < _FEWEST_LABELS:
        return []
    evidence = {"micro-F1": f1, "P@1": evaluation.values["P@1"]}
    seen = []
    try:
        evidence["test texts that stand in training"] = shared = float(
            (twins(part.corpus, examined.training_corpus()) >= 0).mean()
        )
        seen.append(f"{percent(shared)} of the test texts stand in the training part")
    except CannotLookError as error:
        seen.append(f"whether test texts stand in training could not be seen: {error}")
    try:
        evidence["true labels named in their text"] = named = _named(examined)
        seen.append(f"{percent(named)} of the true labels stand by name in their text")
    except CannotLookError:
        seen.append("the documents are feature vectors, in which no name can be read")
    return [
        Finding(
            "too-good",
            "warning",
            f"micro-F1 is {percent(f1)} over {evaluation.basis.labels_in_test:,} labels: better than people agree with "
            "each other.",
            "Such a score mostly means that the text gives the answer away (the label's name, an id, a field made from "
            f"the labels), or that the test was seen in training. Of these, {'; '.join(seen)}.",
            "Look at the terms that decide (rule deciding-term), take the field out that names the label, split again, "
            "and measure on documents that were labelled after the training data.",
            evidence=evidence,
        )
    ]


def _named(examined: Examined) -> float:
    """Share of the true pairs whose label's name, of two letters at least, stands in the text, ignoring case."""
    part, names = examined.measured, examined.labels.names
    texts = [text.casefold() for text in examined.texts(part.corpus)]
    truth = part.truth.tocoo()
    found = [
        len(names[label]) > 1 and names[label].casefold() in texts[row]
        for row, label in zip(truth.row.tolist(), truth.col.tolist(), strict=True)
    ]
    return float(np.mean(found)) if found else 0.0
