"""Mean word vectors against the formula, and the files they are read from."""

import gzip

import numpy as np
import pytest

from encoder_cases import WORDS, encoder, save_vectors
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.run_directory import write_run

TEXTS = ["red apple pie", "red red sky", "unknown words", "Boat"]


def fit(path, **more):
    return encoder({"kind": "word-vectors", "vectors": str(path), **more}).fit(TEXTS)


def test_the_formula(tmp_path):
    path = save_vectors(tmp_path / "v.txt")
    table = {word: np.array(numbers, float) for word, *numbers in map(str.split, path.read_text().splitlines())}
    counts = {"red": 3, "apple": 1, "pie": 1, "sky": 1, "unknown": 1, "words": 1, "boat": 1}
    ours = fit(path, smoothing=0.01).encode(["red apple apple sea unknown", "red"])
    weight = {word: 0.01 / (0.01 + count / sum(counts.values())) for word, count in counts.items()}
    # The sea stands in the file, but not in the training texts.
    first = weight["red"] * table["red"] + 2 * weight["apple"] * table["apple"]
    np.testing.assert_allclose(ours[0], first / np.linalg.norm(first), atol=1e-6)
    np.testing.assert_allclose(ours[1], table["red"] / np.linalg.norm(table["red"]), atol=1e-6)


def test_only_words_of_the_training_texts_are_kept(tmp_path):
    ours = fit(save_vectors(tmp_path / "v.txt"))
    with write_run(tmp_path / "run") as writer:
        ours.write(writer)
    from manylabel.core.run_directory import RunDirectory

    arrays = RunDirectory.open(tmp_path / "run").read_arrays("words.safetensors")
    assert len(arrays["weighted"]) == len({"red", "apple", "pie", "sky", "boat"})


def test_every_form_of_file_gives_the_same(tmp_path):
    path = save_vectors(tmp_path / "v.txt")
    expected = fit(path).encode(TEXTS)
    lines = path.read_text().splitlines()
    forms = {
        "header.vec": [f"{len(lines)} 6", *(f"{line} " for line in lines)],
        "spaces.txt": [*lines[:2], ". . 1 2 3 4 5 6", "", *lines[2:], "at name@example.org 1 2 3 4 5 6"],
        "cased.txt": [*lines, "Red 9 9 9 9 9 9"],
    }
    for name, content in forms.items():
        (tmp_path / name).write_text("\n".join(content) + "\n")
        assert fit(tmp_path / name).encode(TEXTS).tobytes() == expected.tobytes(), name
    with gzip.open(tmp_path / "v.txt.gz", "wt") as file:
        file.write(path.read_text())
    assert fit(tmp_path / "v.txt.gz").encode(TEXTS).tobytes() == expected.tobytes()
    matrix = np.array([line.split()[1:] for line in lines], np.float32)
    np.save(tmp_path / "v.npy", matrix, allow_pickle=False)
    (tmp_path / "words.txt").write_text("\n".join(WORDS) + "\n")
    again = fit(tmp_path / "v.npy", vocabulary=str(tmp_path / "words.txt"))
    assert again.encode(TEXTS).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["red 1 2 3", "apple 1 2"], r"v\.txt:2: expected a word and 3 numbers, found 2"),
        (["red 1 2 3", "apple 1 2 3 4"], r"v\.txt:2: expected a word and 3 numbers, found 4"),
        (["2 3", "red 1 2 3", "apple 1 2"], r"v\.txt:3: expected a word and 3 numbers"),
        (["red 1 2 3", "apple 1 x 3"], r"v\.txt:2: expected 3 numbers"),
        (["red 1 2 3", "apple 1 nan 3"], r"v\.txt:2: a number is NaN"),
        (["red"], r"v\.txt:1: expected a word and its numbers"),
        (["car 1 2 3"], r"v\.txt: has no word of the training texts"),
        ([], r"v\.txt: holds no word vectors"),
    ],
)
def test_bad_lines(lines, message, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(InputError, match=message):
        fit(path)


def test_bad_matrices(tmp_path):
    words, matrix = tmp_path / "w.txt", tmp_path / "v.npy"
    words.write_text("red\napple\n")
    for content, message in (
        (np.zeros((3, 2), np.float32), r"w\.txt: 2 words for the 3 rows"),
        (np.zeros((1, 2), np.float32), r"w\.txt:2: more words than the 1 rows"),
        (np.zeros(2, np.float32), "expected a matrix of floats"),
        (np.zeros((2, 2), np.int64), "expected a matrix of floats"),
        (np.array([["a", {}]], object), "is not a .npy matrix"),
    ):
        np.save(matrix, content, allow_pickle=True)
        with pytest.raises(InputError, match=message):
            fit(matrix, vocabulary=str(words))
    matrix.unlink()
    with pytest.raises(InputError, match="no such file"):
        fit(matrix, vocabulary=str(words))
    with pytest.raises(InputError, match="no such file"):
        fit(tmp_path / "missing.txt")


def test_a_matrix_needs_its_words_and_nothing_else_does():
    with pytest.raises(ConfigError, match=r"needs its words"):
        fit("v.npy")
    with pytest.raises(ConfigError, match=r"vocabulary is for a \.npy matrix"):
        fit("v.txt", vocabulary="w.txt")
