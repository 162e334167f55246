"""MinHash finds what comparing all pairs finds; bands, shingles and similarities are what they claim."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from manylabel.data.inspect.lengths import count_words
from manylabel.data.inspect.minhash import band_keys, candidate_pairs
from manylabel.data.inspect.shingles import shingle_sets
from manylabel.data.inspect.twins import find_twins, jaccard


def triples(text):
    words = text.lower().split()
    runs = {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
    return runs or {(word,) for word in words}


def plain_jaccard(one, other):
    one, other = triples(one), triples(other)
    return len(one & other) / len(one | other) if one | other else 0.0


@pytest.fixture(scope="module")
def texts():
    """Families of texts, each member with some words changed; short texts and one without words among them."""
    chance = np.random.default_rng(5)
    made = ["", "!!", "one", "one two", "ONE TWO", "two one"]
    for _ in range(60):
        words = chance.choice([f"w{i}" for i in range(500)], 40).tolist()
        made.append(" ".join(words))
        for _ in range(3):
            member = list(words)
            for place in chance.choice(40, chance.integers(0, 6), replace=False):
                member[place] = f"x{chance.integers(1000)}"
            made.append(" ".join(member))
    return made


def test_the_similarity_of_a_pair_is_the_jaccard_of_its_word_triples(texts):
    pairs = np.array(list(combinations(range(0, len(texts)), 2))[::11])
    expected = [plain_jaccard(texts[i], texts[j]) if texts[i] != "!!" != texts[j] else 0.0 for i, j in pairs]
    np.testing.assert_allclose(jaccard(texts, pairs, characters=False), expected, atol=1e-6)


def test_similar_pairs_are_those_that_comparing_all_finds(texts):
    twins = find_twins(texts, 0.8, characters=False)
    own = [i for i in range(len(texts)) if twins.first[i] == i and texts[i].strip("! ")]
    expected = {(i, j) for i, j in combinations(own, 2) if plain_jaccard(texts[i], texts[j]) >= 0.8}
    found = set(map(tuple, twins.pairs.tolist()))
    assert found <= expected
    assert len(expected) > 40
    assert len(expected - found) <= 0.02 * len(expected)
    assert len(twins.pairs) == len(found)


def test_equal_texts_are_known_by_the_first_and_blank_ones_equal_none():
    twins = find_twins(["a b", "", "a b", "", "a  b", "a b"], 0.8, characters=False)
    assert twins.first.tolist() == [0, 1, 0, 3, 4, 0]
    assert twins.pairs.tolist() == [[0, 4]]
    assert twins.similarity.tolist() == [1.0]


def test_many_equal_signatures_make_few_pairs_that_still_hold_together():
    keys = np.zeros((1000, 16), np.uint64)
    keys[:, 3] = 7
    pairs = candidate_pairs(keys)
    assert len(pairs) < 8000
    linked = {0}
    for one, other in pairs.tolist():
        assert one < other
        if one in linked:
            linked.add(other)
    assert len(linked) == 1000


def test_texts_without_words_are_candidates_of_none():
    keys = band_keys(["", "..", "a b c d", "a b c d"], characters=False)
    assert not keys[:2].any()
    assert keys[2:].all()
    assert candidate_pairs(keys).tolist() == [[2, 3]]


def test_shingles_of_writing_without_spaces_are_runs_of_characters():
    texts = ["欧盟委员会今天宣布新的规则", "欧盟委员会今天宣布新的规定", "完全不同的一句话在这里面"]
    sets, stops = shingle_sets(texts, characters=True)
    assert np.diff(stops).tolist() == [len(text) - 4 for text in texts]
    assert all((np.diff(sets[a:b].astype(object)) > 0).all() for a, b in pairwise(stops))
    np.testing.assert_allclose(jaccard(texts, np.array([[0, 1], [0, 2]]), characters=True), [8 / 10, 0.0], atol=1e-6)


def test_words_are_counted_as_the_features_see_them():
    assert count_words(["a bc, d!", "", "x_1 -- y"], characters=False).tolist() == [3, 0, 2]
    assert count_words(["欧盟", ""], characters=True).tolist() == [2, 0]
