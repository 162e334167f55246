"""Looking at data: the facts about a data set, and the rules that notice what is wrong with it.

A rule is a file in `rules/` with a function ``check(inspected: Inspected) -> list[Finding]``, and a line here.
"""

from __future__ import annotations

from manylabel.core.table import Part, Table

_HERE = "manylabel.data.inspect.rules"

RULES = Table(
    "rule",
    {
        "duplicates-across-parts": Part(f"{_HERE}.duplicates_across_parts:check", "texts of a test part in training"),
        "exact-duplicates": Part(f"{_HERE}.exact_duplicates:check", "the same text twice in one part"),
        "near-duplicates": Part(f"{_HERE}.near_duplicates:check", "nearly the same text twice in one part"),
        "contradictory-labels": Part(f"{_HERE}.contradictory_labels:check", "other labels on (nearly) the same text"),
        "missing-labels": Part(f"{_HERE}.missing_labels:check", "labels a model is sure of and the document lacks"),
        "leaking-ids": Part(f"{_HERE}.leaking_ids:check", "names of documents that tell their labels"),
        "leaking-words": Part(f"{_HERE}.leaking_words:check", "single words in the text that tell a label"),
        "label-names-in-text": Part(f"{_HERE}.label_names_in_text:check", "names of labels in their documents"),
        "sorted-by-label": Part(f"{_HERE}.sorted_by_label:check", "documents in the order of their labels"),
        "label-drift": Part(f"{_HERE}.label_drift:check", "a part with other shares of labels"),
        "text-drift": Part(f"{_HERE}.text_drift:check", "a part with longer, shorter or other texts"),
        "unseen-labels": Part(f"{_HERE}.unseen_labels:check", "labels of a test part that training lacks"),
        "unused-labels": Part(f"{_HERE}.unused_labels:check", "labels of the label file that no document has"),
        "labels-without-text": Part(f"{_HERE}.labels_without_text:check", "labels whose meaning is not given"),
        "few-test-documents": Part(f"{_HERE}.few_test_documents:check", "labels that a test part cannot measure"),
        "without-labels": Part(f"{_HERE}.without_labels:check", "documents without any label"),
        "empty-texts": Part(f"{_HERE}.empty_texts:check", "documents without any word"),
        "ubiquitous-labels": Part(f"{_HERE}.ubiquitous_labels:check", "a label on nearly all documents"),
        "identical-labels": Part(f"{_HERE}.identical_labels:check", "labels that always stand together"),
        "imbalance": Part(f"{_HERE}.imbalance:check", "labels of very different frequency"),
    },
)
