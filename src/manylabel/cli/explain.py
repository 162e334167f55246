"""``manylabel explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from manylabel.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manylabel.core.labels import LabelSpace
    from manylabel.models.explanation import Explanation, Word
    from manylabel.runs.evaluate import OpenRun


def explain(
    run: options.Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")],
    label: Annotated[
        list[str] | None,
        typer.Option(help="A label to explain instead of the best ones, by name or text; repeatable."),
    ] = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many of the best labels to explain.")] = 5,
    words: Annotated[int, typer.Option(min=1, help="Words for and against each label at most.")] = 8,
    json_: options.Json = False,
) -> None:
    """Show the words of a text that speak for and against its labels.

    Linear models tell exactly: weight times feature value, which with the bias make the margin. Of other models scores
    are taken again with words left out. The first line says which it was. Where the run has a decision, it is said
    which of the labels that assigns.
    """
    import sys

    from manylabel.core.errors import InputError
    from manylabel.runs.evaluate import open_run

    if text == "-":
        text = sys.stdin.read()
    if not text.strip():
        raise InputError("the text is empty: there are no words to explain")
    opened = open_run(run)
    (explanation,) = opened.model.explain([text], k, label)
    assigned = _assigned(opened, text)
    if json_:
        import json

        found = {"text": text, **explanation.to_dict(words)}
        for record, one in zip(found["labels"], explanation.labels, strict=True):
            record |= {} if assigned is None else {"assigned": one.label in assigned}
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(_lines(explanation, opened.model.labels, words, assigned)))


def _assigned(run: OpenRun, text: str) -> set[int] | None:
    """The labels that the run's decision gives the text; None where it has no decision."""
    if run.decision is None:
        return None
    return set(run.decision.decide(run.model.predict([text], run.decision.k)).indices.tolist())


def _lines(explanation: Explanation, labels: LabelSpace, most: int, assigned: set[int] | None) -> Iterator[str]:
    yield f"{explanation.method}: {explanation.note}"
    for one in explanation.labels:
        said = labels.text_of(one.label)
        yield ""
        fate = "" if assigned is None else ", assigned" if one.label in assigned else ", not assigned"
        yield f"{one.name}{f' ({said})' if said != one.name else ''}  {explanation.kind} {one.score:.3f}{fate}"
        if not one.values.any():
            yield "  no word of the text speaks for or against it: the model knows none of them"
        elif explanation.undecided(one):
            yield "  no word decides alone: each can be left out, the others say enough"
        for step in one.steps:
            where = f"{step.name}: " if len(one.steps) > 1 else ""
            speaking, against = explanation.words(step.values, most)
            yield f"  {where}for      {_said(speaking)}"
            yield f"  {where}against  {_said(against)}"
            if explanation.method == "weights":
                yield f"  {where}bias {step.bias:+.3f}, all words {step.total - step.bias:+.3f}"


def _said(words: Sequence[Word]) -> str:
    many = [f" (x{word.count})" if word.count > 1 else "" for word in words]
    return ", ".join(f"{word.text} {word.value:+.3f}{times}" for word, times in zip(words, many, strict=True)) or "-"
