import pytest

from manylabel.core.errors import InputError
from manylabel.data.wordnet import (
    Synset,
    header_of,
    hypernyms,
    is_test,
    parse_synsets,
    version_of,
)


def synsets_of(parents):
    return {uid: Synset(uid, uid, tuple(above)) for uid, above in parents.items()}


def test_texts_and_parents(tiny_noun, tiny_verb):
    nouns = {synset.uid: synset for synset in parse_synsets(tiny_noun, "data.noun")}
    verbs = {synset.uid: synset for synset in parse_synsets(tiny_verb, "data.verb")}
    assert list(nouns) == [f"n{number:08d}" for number in (100, 200, 300, 400, 500, 600)]
    assert nouns["n00000200"].text == "tool, hand tool: a thing to use"
    assert nouns["n00000300"].text == 'hammer: it hits; "a heavy hammer"'
    assert nouns["n00000300"].parents == ("n00000200",)
    assert nouns["n00000500"].parents == ("n00000400",)
    assert nouns["n00000600"].parents == ()
    assert verbs["v00000200"].text == "hit, strike at: touch hard"
    assert verbs["v00000200"].parents == ("v00000100",)


def test_number_of_lemmas_is_hexadecimal():
    lemmas = [f"word{i}" for i in range(17)]
    line = f"00000100 03 n 11 {' '.join(f'{lemma} 0' for lemma in lemmas)} 001 @ 00000200 n 0000 | many | bars\n"
    (synset,) = parse_synsets(line.encode(), "data.noun")
    assert synset.text == ", ".join(lemmas) + ": many | bars"
    assert synset.parents == ("n00000200",)


@pytest.mark.parametrize(
    "line",
    [
        "00000100 03 n 01 thing 0 000",
        "00000100 03 n 00 000 | no lemma",
        "00000100 03 n xx thing 0 000 | bad count",
        "00000100 03 n 01 thing 0 002 @ 00000200 n 0000 | a pointer is missing",
        "abc 03 n 01 thing 0 000 | no offset",
        "00000100",
        "\xff",
    ],
)
def test_a_damaged_line_is_named(line, tiny_noun):
    content = tiny_noun + line.encode("latin-1") + b"\n"
    with pytest.raises(InputError, match=r"^data\.noun:9: is not a synset") as caught:
        list(parse_synsets(content, "data.noun"))
    assert caught.value.line == 9


def test_notice(tiny_noun):
    assert version_of(tiny_noun) == "3.0"
    assert header_of(tiny_noun) == "This is a made-up dictionary.\nWordNet 3.0 Copyright nobody: a test."
    assert version_of(b"00000100 03 n 01 thing 0 000 | no notice\n") == "unknown"


def test_labels_are_three_levels_of_hypernyms():
    chain = synsets_of({"a": [], "b": ["a"], "c": ["b"], "d": ["c"], "e": ["d"], "f": ["e", "b"]})
    assert hypernyms(chain) == {
        "b": ["a"],
        "c": ["a", "b"],
        "d": ["a", "b", "c"],
        "e": ["b", "c", "d"],
        "f": ["c", "d", "e"],  # b is an ancestor of e, four levels up
    }
    assert hypernyms(chain, levels=1)["e"] == ["d"]


def test_two_branches_join():
    labels = hypernyms(synsets_of({"top": [], "x": ["top"], "y": ["top"], "leaf": ["x", "y"], "under": ["leaf"]}))
    assert labels["leaf"] == ["top", "x", "y"]
    assert labels["under"] == ["leaf", "top", "x", "y"]


def test_a_circle_and_a_missing_parent_are_refused():
    with pytest.raises(InputError, match="above b run in a circle"):
        hypernyms(synsets_of({"a": [], "b": ["d"], "c": ["b"], "d": ["c", "a"]}))
    with pytest.raises(InputError, match="no z, which b names"):
        hypernyms(synsets_of({"a": [], "b": ["z"]}))


def test_test_part():
    assert [uid for uid in ("n00001930", "n00002684", "n00002137", "n00004475", "n00006150") if is_test(uid)] == [
        "n00002684",
        "n00004475",
        "n00006150",
    ]
    share = sum(is_test(f"n{number:08d}") for number in range(5000)) / 5000
    assert 0.08 < share < 0.12
