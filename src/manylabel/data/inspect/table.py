"""Facts and findings for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from manylabel.core.finding import SEVERITIES, Finding
from manylabel.data.inspect.statistics import PartFacts, Statistics
from manylabel.data.inspect.wording import counted, share, verb
from manylabel.metrics.rendering import align, number

_WIDTH = 110
_NAMED = 5

PART_ROWS: dict[str, Callable[[PartFacts], str]] = {
    "documents": lambda part: number(part.documents),
    "labels in use": lambda part: number(part.labels),
    "label pairs": lambda part: number(part.label_pairs),
    "labels per document, mean": lambda part: f"{part.labels_per_document.mean:.2f}",
    "  median / 95 % / most": lambda part: _three(part.labels_per_document),
    "different label sets": lambda part: number(part.label_sets),
    "words per text, mean": lambda part: f"{part.words.mean:,.1f}",
    "  median / 95 % / most ": lambda part: _three(part.words),
    "characters per text, mean": lambda part: f"{part.characters.mean:,.0f}",
    "  median / 95 % / most  ": lambda part: _three(part.characters),
    "empty texts": lambda part: number(part.empty_texts),
    "without labels": lambda part: number(part.without_labels),
    "repeated texts": lambda part: number(part.repeated_texts),
}
"""What the table says of each part."""

_IN_WORDS = ("words per text, mean", "  median / 95 % / most ")


def facts_table(statistics: Statistics) -> str:
    """The facts as three tables: parts, labels by frequency, pairs of labels."""
    labels, together = statistics.labels, statistics.together
    blocks = [align(part_rows(statistics)), align(group_rows(statistics))]
    blocks.append(
        f"{labels.used:,} of {labels.space:,} labels have training documents: {labels.most:,} the most frequent, "
        f"{labels.median:g} the median.\nImbalance ratio (IRLbl): {labels.mean_imbalance:,.1f} on average, "
        f"{labels.largest_imbalance:,.0f} at most."
    )
    if together.most_frequent:
        named = [
            f"{pair.labels[0]} + {pair.labels[1]} ({pair.documents:,})" for pair in together.most_frequent[:_NAMED]
        ]
        blocks.append(
            f"{counted(together.pairs, 'pair')} of labels "
            f"{verb(together.pairs, 'stands', 'stand')} together, most often: {'; '.join(named)}."
        )
    return "\n\n".join("\n".join(_wrapped(block, "")) if "\n" not in block else block for block in blocks)


def part_rows(statistics: Statistics) -> list[list[str]]:
    """Heading and rows of the table of parts."""
    parts = statistics.parts
    # Where a character stands for a word, the lengths in words say nothing new.
    left_out = () if statistics.word == "word" else _IN_WORDS
    shown = {name: cell for name, cell in PART_ROWS.items() if name not in left_out}
    return [["", *parts], *([name, *(cell(part) for part in parts.values())] for name, cell in shown.items())]


def group_rows(statistics: Statistics) -> list[list[str]]:
    """Heading and rows of the table of labels by frequency."""
    parts = list(statistics.parts)
    rows = [["labels by frequency", "training documents", "labels", "share", *(f"pairs of {part}" for part in parts)]]
    for name, group in statistics.labels.groups.items():
        shares = [share(group.share_of_pairs[part]) for part in parts]
        rows.append([name, group.training_documents, number(group.labels), share(group.share_of_labels), *shares])
    return rows


def findings_text(findings: Sequence[Finding], notes: Iterable[str] = ()) -> str:
    """The findings worst first, each with what it is, what it does, what to do, and examples."""
    if findings:
        counts = [f"{sum(finding.severity == name for finding in findings)} {name}" for name in SEVERITIES]
        lines = [f"{counted(len(findings), 'finding')}: {', '.join(counts)}"]
    else:
        lines = ["No findings."]
    for finding in findings:
        lines += ["", f"{finding.severity.upper()}  {finding.rule}"]
        for text in (finding.what, finding.why, f"What to do: {finding.advice}"):
            lines += _wrapped(text, "  ")
        lines += [f"  --set {setting}" for setting in finding.settings]
        for example in finding.examples:
            lines += _example_lines(example)
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def example_phrase(example: Mapping[str, Any]) -> str:
    """What an example says besides its documents: ``label: sport; similarity: 0.97``."""
    return "; ".join(
        f"{key.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}"
        for key, value in example.items()
        if key not in ("part", "id", "text") and not _holds_documents(value)
    )


def documents_of(example: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The documents of an example, which may be one itself."""
    if "text" in example:
        return [example]
    return [document for value in example.values() if _holds_documents(value) for document in value]


def _example_lines(example: Mapping[str, Any]) -> list[str]:
    lines, phrase = [], "" if "text" in example else example_phrase(example)
    documents = documents_of(example)
    if phrase:
        lines += _wrapped(phrase, "    ", first="  - ")
    for position, document in enumerate(documents):
        labels = ", ".join(document["labels"]) or "no label"
        text = f"{document['part']} {document['id']}: “{document['text']}” [{labels}]"
        lines += _wrapped(text, "      ", first="    " if phrase or position else "  - ")
    return lines


def _holds_documents(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    # A number and its per cent sign stay on one line.
    lines = textwrap.wrap(
        text.replace(" %", "\u00a0%"),
        _WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\u00a0%", " %") for line in lines]


def _three(spread: Any) -> str:
    return f"{spread.median:,.0f} / {spread.p95:,.0f} / {spread.largest:,}"
