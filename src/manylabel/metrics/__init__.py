"""Metrics on top-k lists and label sets: one implementation, by which every model is judged.

The table lists what can be asked for; ``@k`` stands for any cut, as in ``P@5``. A metric is one decorated function
(see :mod:`manylabel.metrics.metric`) and one line here; groups, intervals, comparisons, lists and tests follow from it.
"""

from __future__ import annotations

from manylabel.core.table import Part, Table

METRICS = Table(
    "metric",
    {
        "P@k": Part("manylabel.metrics.ranking:precision_at", "share of the k best labels that are true"),
        "R@k": Part("manylabel.metrics.ranking:recall_at", "share of the true labels among the k best"),
        "RP@k": Part("manylabel.metrics.ranking:r_precision_at", "hits among the k best, of those possible"),
        "nDCG@k": Part("manylabel.metrics.ranking:ndcg_at", "hits among the k best, early ones worth more"),
        "PSP@k": Part(
            "manylabel.metrics.propensity:psp_at", "precision with rare labels worth more, of the best possible"
        ),
        "PSnDCG@k": Part(
            "manylabel.metrics.propensity:psndcg_at", "nDCG with rare labels worth more, of the best possible"
        ),
        "hit@k": Part("manylabel.metrics.ranking:hit_at", "share of documents with a true label among the k best"),
        "coverage@k": Part("manylabel.metrics.coverage:coverage_at", "share of the labels found at least once"),
        "LRAP": Part("manylabel.metrics.ranking:lrap", "mean precision at the ranks of the true labels"),
        "micro-F1": Part("manylabel.metrics.label_sets:micro_f1", "F1 over all assignments"),
        "micro-precision": Part(
            "manylabel.metrics.label_sets:micro_precision", "share of the assignments that are true"
        ),
        "micro-recall": Part("manylabel.metrics.label_sets:micro_recall", "share of the truth that is assigned"),
        "macro-F1": Part("manylabel.metrics.label_sets:macro_f1", "mean F1 of the labels in training or test"),
        "macro-F1-supported": Part(
            "manylabel.metrics.label_sets:macro_f1_supported", "mean F1 of the labels in the test"
        ),
        "macro-precision": Part(
            "manylabel.metrics.label_sets:macro_precision", "mean precision of the labels in training or test"
        ),
        "macro-precision-supported": Part(
            "manylabel.metrics.label_sets:macro_precision_supported", "mean precision of the labels in the test"
        ),
        "macro-recall": Part(
            "manylabel.metrics.label_sets:macro_recall", "mean recall of the labels in training or test"
        ),
        "macro-recall-supported": Part(
            "manylabel.metrics.label_sets:macro_recall_supported", "mean recall of the labels in the test"
        ),
        "example-F1": Part("manylabel.metrics.label_sets:example_f1", "mean F1 of the documents"),
        "example-precision": Part("manylabel.metrics.label_sets:example_precision", "mean precision of the documents"),
        "example-recall": Part("manylabel.metrics.label_sets:example_recall", "mean recall of the documents"),
        "jaccard": Part("manylabel.metrics.label_sets:jaccard", "mean overlap of label sets, intersection over union"),
        "hamming": Part("manylabel.metrics.label_sets:hamming", "share of wrong cells, lower is better"),
        "macro-AUPRC": Part("manylabel.metrics.curves:macro_auprc", "mean average precision of the labels in the test"),
        "micro-AUPRC": Part("manylabel.metrics.curves:micro_auprc", "average precision over all assignments"),
    },
)

DEFAULT = (
    "P@1",
    "P@3",
    "P@5",
    "R@5",
    "nDCG@5",
    "PSP@1",
    "PSP@3",
    "PSP@5",
    "coverage@5",
    "micro-F1",
    "macro-F1",
    "macro-F1-supported",
    "example-F1",
)
"""What :func:`manylabel.metrics.evaluate.evaluate` reports unless told otherwise."""

__all__ = ["DEFAULT", "METRICS"]
