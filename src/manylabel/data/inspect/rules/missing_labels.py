"""Labels that documents probably lack: models that did not see the document are sure of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.sureness import Answers, answers_of
from manylabel.data.inspect.wording import counted, share, verb

_WARNING = 0.02
_LOWEST_CEILING = 0.75


def check(inspected: Inspected) -> list[Finding]:
    """A finding where models are sure of labels that are not given, or where they are never sure enough to tell.

    A model is sure where labels of the same frequency group that it scores as high are given at least `options.sure`
    times as often as those that it is surest of. The idea is that of confident learning (Northcutt et al. 2021), with
    one rate for each score instead of one threshold for each class, measured against the ceiling that missing labels
    set (Elkan and Noto 2008). Ancestors of given labels follow from these, are counted apart and are no finding.
    """
    if inspected.scores is None:
        return []
    answers = answers_of(inspected.scores, inspected.train.positives, inspected.labels.hierarchy, inspected.options)
    if answers.ceiling == 0:  # too few answers to tell how sure one is
        return []
    if answers.ceiling < _LOWEST_CEILING:
        return [_never_sure(answers)]
    sure = answers.rate >= answers.threshold
    suspects = np.flatnonzero(sure & ~answers.given)
    if len(suspects) == 0:
        return []
    return [_finding(inspected, answers, sure, suspects)]


def _finding(inspected: Inspected, answers: Answers, sure: np.ndarray, suspects: np.ndarray) -> Finding:
    asked = inspected.scores.rows if inspected.scores is not None else np.zeros(0, np.int64)
    documents, all_given = len(np.unique(answers.row[suspects])), int(inspected.train.positives[asked].nnz)
    fraction = len(suspects) / max(all_given, 1)
    right = float(answers.given[sure].mean())
    sample = "" if len(asked) == len(inspected.train) else f" of the {len(asked):,} that were looked at"
    implied = (
        f" {counted(answers.implied, 'sure label')} more would follow from a given one by the hierarchy and are left "
        "out."
        if answers.implied
        else ""
    )
    labels, numbers = np.unique(answers.label[suspects], return_counts=True)
    most = np.argsort(-numbers, kind="stable")[:10]
    return Finding(
        rule="missing-labels",
        severity="warning" if fraction >= _WARNING else "note",
        what=f"{counted(len(suspects), 'label')} of {counted(documents, 'document')} of {TRAIN}{sample} "
        f"{verb(len(suspects), 'looks', 'look')} missing: models that had not seen the document are sure of "
        f"{verb(len(suspects), 'it', 'them')}. Where models are as sure, the label is given in {share(right)} of "
        f"{int(sure.sum()):,} cases; {verb(len(suspects), 'this is the other', 'these are the others')}.{implied}",
        why="A label that is missing teaches a model that the right answer is wrong, and in a test part counts right "
        "answers as mistakes.",
        advice="Look at the list, the surest first (--json has more with --set inspect.examples=1000): add those that "
        "are right. Some will be mistakes of the models.",
        evidence={
            "labels": len(suspects),
            "documents": documents,
            "documents_looked_at": len(asked),
            "share_of_given": fraction,
            "given_where_as_sure": right,
            "given_where_surest": answers.ceiling,
            "implied_by_hierarchy": answers.implied,
            "by_label": {
                inspected.labels.names[label]: int(number)
                for label, number in zip(labels[most], numbers[most], strict=True)
            },
        },
        examples=_examples(inspected, answers, suspects),
    )


def _examples(inspected: Inspected, answers: Answers, suspects: np.ndarray) -> list[dict[str, Any]]:
    order = np.lexsort((answers.row[suspects], -answers.score[suspects], -answers.rate[suspects]))
    return [
        {
            "label": inspected.label_name(int(answers.label[i])),
            "given_where_as_sure": share(float(answers.rate[i])),
            "documents": [inspected.record(int(answers.row[i]), TRAIN)],
        }
        for i in suspects[order[: inspected.options.examples]].tolist()
    ]


def _never_sure(answers: Answers) -> Finding:
    return Finding(
        rule="missing-labels",
        severity="note",
        what="Missing labels cannot be told: where models that had not seen a document are surest of a label, it is "
        f"given in {share(answers.ceiling)} of the cases only.",
        why="Either many labels are missing, or the texts do not tell the labels, or models learnt from too few "
        "documents. Right answers that are not given count as mistakes.",
        advice="Look at some documents by hand; with a larger inspect.model_documents models learn more.",
        evidence={"given_where_surest": answers.ceiling},
    )
