"""A tiny dictionary in the format wndb(5WN), all of it invented."""

import pytest

NOTICE = ["  1 This is a made-up dictionary.  ", "  2 WordNet 3.0 Copyright nobody: a test.  "]


def synset_line(offset, kind, lemmas, pointers=(), gloss="a gloss", frames=""):
    words = " ".join(f"{lemma} 0" for lemma in lemmas)
    links = "".join(f" {symbol} {target[1:]} {target[0]} 0000" for symbol, target in pointers)
    return f"{offset:08d} 03 {kind} {len(lemmas):02x} {words} {len(pointers):03d}{links}{frames} | {gloss}  "


def dictionary_file(lines):
    return "\n".join([*NOTICE, *lines, ""]).encode()


@pytest.fixture
def tiny_noun():
    """Things above a chain of five, one instance, and other pointers that are no hypernyms."""
    return dictionary_file(
        [
            synset_line(100, "n", ["thing"], [("~", "n00000200")], "whatever there is"),
            synset_line(200, "n", ["tool", "hand_tool"], [("@", "n00000100"), ("~", "n00000300")], "a thing to use"),
            synset_line(300, "n", ["hammer"], [("@", "n00000200"), ("+", "v00000100")], 'it hits; "a heavy hammer"'),
            synset_line(400, "n", ["sledge_hammer"], [("@", "n00000300")], "a large hammer"),
            synset_line(500, "n", ["Old_Bess"], [("@i", "n00000400")], "a hammer that somebody named"),
            synset_line(600, "n", ["island"], [("#p", "n00000100")], "a top of its own"),
        ]
    )


@pytest.fixture
def tiny_verb():
    frames = " 02 + 02 00 + 08 00"
    return dictionary_file(
        [
            synset_line(100, "v", ["act"], [], "do something", frames),
            synset_line(200, "v", ["hit", "strike_at"], [("@", "v00000100"), ("*", "v00000100")], "touch hard", frames),
        ]
    )


@pytest.fixture
def tiny_folder(tmp_path, tiny_noun, tiny_verb):
    """A folder with the tiny dictionary, as ``$WNHOME/dict`` would be."""
    folder = tmp_path / "dictionary"
    folder.mkdir()
    (folder / "data.noun").write_bytes(tiny_noun)
    (folder / "data.verb").write_bytes(tiny_verb)
    return folder
