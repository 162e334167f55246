"""What holds of every frozen encoder."""

import shutil

import numpy as np
import pytest

from encoder_cases import encoder, every_encoder, options
from manylabel.core.run_directory import RunDirectory, write_run

TEXTS = ["red apple pie", "blue sky", "a boat, a sail and the old old sea " * 3, "RED", "new zzz", "red apple pie"]


@pytest.fixture
def fitted(kind, tmp_path):
    return encoder(options(kind, tmp_path / "origin")).fit(TEXTS)


@every_encoder
def test_vectors_of_unit_length_in_the_order_of_the_texts(fitted):
    vectors = fitted.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), fitted.width)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(vectors[row], fitted.encode([text])[0], atol=1e-5)
    apart = vectors[:5] @ vectors[:5].T
    assert (apart[~np.eye(5, dtype=bool)] < 0.999).all()
    np.testing.assert_allclose(fitted.encode(TEXTS[::-1])[::-1], vectors, atol=1e-5)


@every_encoder
def test_texts_without_anything_known_and_no_texts(fitted):
    vectors = fitted.encode(["", "zzz qqq", "   "])
    assert np.isfinite(vectors).all()
    norms = np.linalg.norm(vectors, axis=1)
    assert (np.isclose(norms, 1) | (norms == 0)).all()
    assert fitted.encode([]).shape == (0, fitted.width)


@every_encoder
def test_every_text_is_reported_once(fitted, monkeypatch):
    seen = []
    fitted.encode(TEXTS * 50, seen.append)
    assert sum(seen) == len(TEXTS) * 50
    assert len(seen) > 0


@every_encoder
def test_saved_and_read_it_is_the_same_without_its_origin(fitted, kind, tmp_path):
    expected = fitted.encode(TEXTS)
    with write_run(tmp_path / "run") as writer:
        fitted.write(writer.within("encoder"))
    config = fitted.config
    shutil.rmtree(tmp_path / "origin")
    again = type(fitted)(config)
    again.restore(RunDirectory.open(tmp_path / "run").within("encoder"))
    assert again.width == fitted.width
    assert again.encode(TEXTS).tobytes() == expected.tobytes()
    assert not [file.name for file in (tmp_path / "run").iterdir() if file.suffix in (".bin", ".pt", ".pkl")]
    with write_run(tmp_path / "copy") as writer:
        again.write(writer)
    third = type(fitted)(config)
    third.restore(RunDirectory.open(tmp_path / "copy"))
    assert third.encode(TEXTS).tobytes() == expected.tobytes()
