"""What a run is for and where it ends, as far as the run itself knows: sections of its model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.groups import check_cuts, describe


def intended_use(info: Mapping[str, Any]) -> str:
    """What to use it for: what it was trained for.

    Args:
        info: the manifest's ``info``.
    """
    train, test = info["data"]["train"], info["data"].get("test")
    what = "feature vectors" if "features" in train else "texts"
    tested = f"on `{file_name(test)}` only" if test is not None else "on nothing"
    return (
        f"## Intended use\n\nTo propose labels, or to assign them, for {what} like those of `{file_name(train)}`: each "
        f"gets a list of labels, best first, with a score. It was tested {tested}; how good it is on {what} of another "
        "kind is not known."
    )


def limits(info: Mapping[str, Any], evaluation: Evaluation | None) -> str:
    """What it cannot do, by the numbers.

    Args:
        info: the manifest's ``info``.
        evaluation: on the test part, where there is one.
    """
    labels, train = info["labels"], info["data"]["train"]
    lines = [f"It knows {labels['labels']:,} labels and no others."]
    if labels["unseen"]:
        lines.append(f"{labels['unseen']:,} of them had no training document.")
    if evaluation is not None:
        lines += _of_test(evaluation)
    if train["without_labels"]:
        lines.append(f"Training documents without a label, learnt from as such: {train['without_labels']:,}.")
    if train["dropped_labels"]:
        lines.append(f"Unknown labels of training documents, dropped: {train['dropped_labels']:,}.")
    lines.append("A label that is missing from a training document was learnt as one that the document does not have.")
    lines.append(
        "Language and licence are not recorded: before publishing, add `language` and `license` to the head of this "
        "file, and make sure that the licence of the training data allows it."
    )
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def file_name(facts: Mapping[str, Any]) -> str:
    """Without folders, which are nobody's business where the card is published."""
    return PurePath(facts["source"] or "").name


def _of_test(evaluation: Evaluation) -> list[str]:
    table, basis, lines = evaluation.label_table, evaluation.basis, []
    never = int(((table.support > 0) & (table.tp + table.fp == 0)).sum())
    if never:
        lines.append(f"{never:,} of the {basis.labels_in_test:,} labels in the test part were never predicted.")
    if basis.unseen_labels:
        found = 0 if table.training is None else int(table.tp[table.training == 0].sum())
        lines.append(
            f"{basis.unseen_labels:,} labels in the test part had no training document; of their "
            f"{basis.unseen_positives:,} occurrences {found:,} were predicted, the others count as misses."
        )
    said = describe(check_cuts(evaluation.settings.cuts))
    known = [
        (name, group.values["micro-F1"])
        for name, group in evaluation.groups.items()
        if name != "unseen" and group.values.get("micro-F1") is not None
    ]
    if len(known) > 1:
        parts = [f"{100 * (value or 0.0):.1f} % for {name} labels ({said[name]})" for name, value in known]
        lines.append(f"Rare labels are harder: micro-F1 is {', '.join(parts)}, by number of training documents.")
    return lines
