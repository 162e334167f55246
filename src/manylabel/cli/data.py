"""``manylabel data fetch|make|convert|split|inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from manylabel.cli import options
from manylabel.cli.inspect import inspect
from manylabel.cli.progress import make_progress

app = typer.Typer(
    no_args_is_help=True, help="Fetch, make, convert, split and inspect documents.", rich_markup_mode=None
)
app.command()(inspect)

_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of the same names.")]
_Assign = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Assign an option by its name; repeatable.")
]


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set, see `manylabel list datasets`.")],
    to: Annotated[Path | None, typer.Option(help="Folder to put it in; by default it stays in the cache.")] = None,
    overwrite: _Overwrite = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch a data set of the catalogue.

    It comes as train.jsonl, test.jsonl and labels.jsonl.
    The cache is $MANYLABEL_CACHE, else manylabel in $XDG_CACHE_HOME or ~/.cache. Which source and version was used is
    printed.
    """
    from manylabel.data.catalogue import fetch as get

    progress = make_progress(quiet)
    _show(get(name, to, progress, overwrite=overwrite), json_, progress)


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    documents: Annotated[int | None, typer.Option(help="Documents, those of the test part included.")] = None,
    labels: Annotated[int | None, typer.Option(help="Labels.")] = None,
    labels_per_document: Annotated[float | None, typer.Option(help="Mean number of labels of a document.")] = None,
    seed: Annotated[int | None, typer.Option(help="Equal seeds give equal corpora.")] = None,
    set_: _Assign = None,
    overwrite: _Overwrite = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Generate a long-tailed corpus.

    Zipf labels in a hierarchy that occur together, words drawn per label.
    Further options by --set: labels_distribution, words_per_document, words_per_label, vocabulary, signal, zipf,
    co_occurrence, children, test_share.
    """
    from manylabel.data.generate import GeneratorConfig, write_generated

    short = {"documents": documents, "labels": labels, "labels_per_document": labels_per_document, "seed": seed}
    values = {name: value for name, value in short.items() if value is not None} | _assigned(set_)
    progress = make_progress(quiet)
    config = GeneratorConfig.parse(values, source="data make")
    _show(write_generated(config, folder, progress, overwrite=overwrite), json_, progress)


@app.command()
def convert(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="File or folder; - for standard input.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="File or folder to write.")],
    format: options.Format = None,  # noqa: A002
    to: Annotated[str | None, typer.Option(help="Format to write; by default by the target's ending.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Label file: documents may have no other labels, formats number them by it.")
    ] = None,
    unknown_labels: options.Unknown = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="read.NAME or write.NAME, e.g. read.label_separator=;, repeatable."
        ),
    ] = None,
    overwrite: _Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Bring documents into another format.

    Text, labels and id come along, and the fields named by --set read.keep_fields=[title]. Read options: text_fields,
    labels_field, id_field, keep_fields, label_separator, delimiter, part; write options: ids, label_separator,
    delimiter, part; of feature vectors both have zero_based.
    """
    from manylabel.core.errors import ConfigError, InputError
    from manylabel.data.reading import convert as bring
    from manylabel.data.reading import read_labels

    values = _assigned(set_)
    for name, section in values.items():
        if name not in ("read", "write") or not isinstance(section, dict):
            raise ConfigError(f"--set {name}: expected read.NAME=VALUE or write.NAME=VALUE")
    if target.exists() and not overwrite and not target.is_dir():
        raise InputError("exists already", path=target, remedy="choose another place or pass --overwrite")
    progress = make_progress(quiet)
    n = bring(
        source,
        target,
        source_format=format,
        target_format=to,
        labels=None if labels is None else read_labels(labels),
        unknown_labels=None if unknown_labels is None else unknown_labels.value,
        read=values.get("read"),
        write=values.get("write"),
        progress=progress,
    )
    progress.note(f"{n:,} documents in {target}")


@app.command()
def split(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="File or folder with documents.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the parts: DIR/NAME.jsonl.")],
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="NAME=SHARE", help="A part and its share, e.g. train=0.8; repeatable."),
    ] = None,
    method: Annotated[str, typer.Option(help="How to split, see `manylabel list splits`.")] = "random",
    field: Annotated[str | None, typer.Option(help="Field that groups documents, or names their part.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal parts.")] = 0,
    format: options.Format = None,  # noqa: A002
    set_: _Assign = None,
    overwrite: _Overwrite = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Split documents into parts.

    Text, labels and id come along, and the fields named by --set keep_fields=[title]. Further options by --set:
    text_fields, labels_field, id_field, label_separator, delimiter, part.
    """
    from manylabel.runs.split_files import split_file

    sizes = split_file(
        source,
        folder,
        _shares(part),
        method=method,
        field=field,
        seed=seed,
        format=format,
        options=_assigned(set_),
        overwrite=overwrite,
        progress=make_progress(quiet),
    )
    if json_:
        import json

        print(json.dumps(sizes, ensure_ascii=False))
    else:
        for name, size in sizes.items():
            print(f"{name}: {size:,} documents")


def _assigned(given: list[str] | None) -> dict[str, Any]:
    from manylabel.core.config import apply_overrides

    return apply_overrides({}, given or [])


def _shares(parts: list[str] | None) -> dict[str, float] | None:
    from manylabel.core.errors import ConfigError

    if not parts:
        return None
    shares: dict[str, float] = {}
    for item in parts:
        name, _, share = item.partition("=")
        try:
            value = float(share)
        except ValueError:
            raise ConfigError(f"--part {item}: expected NAME=SHARE, for example train=0.8") from None
        if not name or name in shares:
            raise ConfigError(f"--part {item}: every part needs a name of its own")
        shares[name] = value
    return shares


def _show(data: Any, as_json: bool, progress: Any) -> None:
    for note in data.notes:
        progress.note(note)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**asdict(data), "folder": str(data.folder)}, ensure_ascii=False))
    else:
        print(data.summary())
