import json
import lzma
import os
from pathlib import Path

import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.data.catalogue import cache_folder
from manylabel.data.catalogue_folder import open_data
from manylabel.data.reading import read_labels
from manylabel.data.wordnet import is_test
from manylabel.data.wordnet_data import make
from manylabel.data.wordnet_sources import Dictionary, UnavailableError, home_dictionary, system_dictionary


def test_tiny(tmp_path, tiny_noun, tiny_verb):
    made = make(Dictionary(tiny_noun, tiny_verb, "here"), tmp_path / "made")
    labels = read_labels(made.labels)
    train = Corpus.read(made.train, labels=labels)
    test = Corpus.read(made.test, labels=labels)
    got = {part.id_of(row): part.labels_of(row) for part in (train, test) for row in range(len(part))}
    assert got == {
        "n00000200": ["n00000100"],
        "n00000300": ["n00000100", "n00000200"],
        "n00000400": ["n00000100", "n00000200", "n00000300"],
        "n00000500": ["n00000200", "n00000300", "n00000400"],
        "v00000200": ["v00000100"],
    }
    assert all(is_test(str(uid)) for uid in test.ids or ())
    assert not any(is_test(str(uid)) for uid in train.ids or ())
    assert list(labels) == ["n00000100", "n00000200", "n00000300", "n00000400", "v00000100"]
    assert labels.text_of(1) == "tool, hand tool: a thing to use"
    assert labels.parents == [(), ("n00000100",), ("n00000200",), ("n00000300",), ()]
    assert (made.version, made.source) == ("3.0", "here")
    assert list(test.ids or ()) == ["n00000500"]
    assert made.counts == {"train": 4, "test": 1, "labels": 5, "training_labels": 4, "pairs": 10}
    assert (made.folder / "LICENSE.txt").read_text().startswith("This is a made-up dictionary.\n")


def test_an_empty_dictionary_is_refused(tmp_path, tiny_verb):
    with pytest.raises(InputError, match="holds no synsets"):
        make(Dictionary(b"  1 a notice\n", b"", "here"), tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_equal_dictionaries_make_equal_bytes(tmp_path, tiny_noun, tiny_verb):
    dictionary = Dictionary(tiny_noun, tiny_verb, "here")
    one, two = make(dictionary, tmp_path / "one"), make(dictionary, tmp_path / "two")
    for file in sorted(one.folder.iterdir()):
        assert file.read_bytes() == (two.folder / file.name).read_bytes()


# -- the real one, where it is at hand ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wordnet30(tmp_path_factory):
    """WordNet 3.0 made from a dictionary of this machine, or as an earlier fetch left it; the test fetches nothing."""
    for source in (home_dictionary, system_dictionary):
        try:
            dictionary = source()
        except UnavailableError:
            continue
        if dictionary.version == "3.0":
            return make(dictionary, tmp_path_factory.mktemp("wordnet"))
    for folder in sorted(cache_folder().glob("wordnet-3.0-*")):
        kept = open_data(folder)
        if kept is not None:
            return kept
    pytest.skip("no WordNet 3.0 at hand: set WNHOME, or run: manylabel data fetch wordnet")


def lines_of(path):
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def test_counts_of_wordnet_30(wordnet30):
    train, test, labels = (lines_of(path) for path in (wordnet30.train, wordnet30.test, wordnet30.labels))
    training_labels = {name for document in train for name in document["labels"]}
    assert (len(train), len(test), len(labels), len(training_labels)) == (85_700, 9_622, 20_472, 19_771)


def test_every_document_of_wordnet_30(wordnet30):
    shared = os.environ.get("MANYLABEL_SHARED")
    if not shared:
        pytest.skip("MANYLABEL_SHARED names no folder with wordnet3/{train,test,labels}.jsonl.xz to compare with")
    folder = Path(shared) / "wordnet3"
    for part in ("train", "test"):
        ours = [(each["id"], each["text"], each["labels"]) for each in lines_of(wordnet30.folder / f"{part}.jsonl")]
        assert ours == [(each["uid"], each["text"], each["labels"]) for each in lines_of(folder / f"{part}.jsonl.xz")]
    ours = [{"parents": [], **label} for label in lines_of(wordnet30.labels)]
    assert ours == lines_of(folder / "labels.jsonl.xz")
