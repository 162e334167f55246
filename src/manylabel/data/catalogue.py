"""The catalogue of data sets that can be fetched, and the data that a demonstration runs on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.table import Part, Table

if TYPE_CHECKING:
    from manylabel.data.catalogue_folder import FetchedData
    from manylabel.data.generate_config import GeneratorConfig

CATALOGUE = Table(
    "data set",
    {
        "wordnet": Part(
            "manylabel.data.wordnet_data:prepare",
            "95 thousand noun and verb synsets of WordNet, labelled with their hypernyms within three levels",
        ),
        "demo": Part(
            "manylabel.data.catalogue:prepare_demo",
            "what `make demo` runs on: WordNet or, where it cannot be had, generated data of about its shape",
        ),
    },
)
"""Data sets by name; each target is a function ``(cache folder, progress) -> FetchedData``."""


def cache_folder() -> Path:
    """Where fetched data is kept: ``$MANYLABEL_CACHE``, or ``manylabel`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    own = os.environ.get("MANYLABEL_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path("~/.cache").expanduser()) / "manylabel"


def fetch(
    name: str, target: str | Path | None = None, progress: Progress = SILENT, *, overwrite: bool = False
) -> FetchedData:
    """Get a data set of the catalogue: ``train.jsonl``, ``test.jsonl`` and ``labels.jsonl``.

    Args:
        name: its name in :data:`CATALOGUE`.
        target: folder to put it in; by default it is used where it lies in the cache.
        progress: where waiting is reported.
        overwrite: replace other data of the same file names in the target.

    Returns:
        Where it lies, its source and version, and in `notes` which sources failed.

    Raises:
        ConfigError: no data set of that name.
        InputError: no source could be reached, or a folder cannot be written.
    """
    from manylabel.data.catalogue_folder import copy_data

    data: FetchedData = CATALOGUE.load(name)(cache_folder(), progress)
    return data if target is None else copy_data(data, Path(target), overwrite=overwrite)


def demo_data(target: str | Path, progress: Progress = SILENT, *, overwrite: bool = False) -> FetchedData:
    """WordNet or, where it cannot be had, a generated corpus of about its shape.

    Which of the two it is stands in `name` (``wordnet`` or ``generated``); a fallback is also said in `notes`.

    Raises:
        InputError: the target holds other data than an earlier demonstration's, or cannot be written.
    """
    from manylabel.data.catalogue_folder import check_vacant, copy_data, open_data
    from manylabel.data.generate import write_generated

    target = Path(target)
    present = open_data(target)
    earlier = present is not None and (present.name == "wordnet" or present.options == stand_in().model_dump())
    if not (overwrite or earlier):
        check_vacant(target)
    try:
        fetched: FetchedData = CATALOGUE.load("wordnet")(cache_folder(), progress)
    except InputError as error:
        reason = str(error)
    else:
        return copy_data(fetched, target, overwrite=True)
    made = write_generated(stand_in(), target, progress, overwrite=True)
    return replace(made, notes=(f"the demonstration runs on generated data: {reason}",))


def prepare_demo(cache: Path, progress: Progress = SILENT) -> FetchedData:
    """The demonstration's data in the cache; see :func:`demo_data`."""
    return demo_data(cache / "demo", progress)


def stand_in() -> GeneratorConfig:
    """A corpus of about the size and difficulty of WordNet's: short texts, 20 thousand labels, most of them rare."""
    from manylabel.data.generate_config import GeneratorConfig

    return GeneratorConfig(documents=95_000, labels=20_000, labels_per_document=3.0, words_per_document=15.0)
