"""Windows against their encoder called window by window."""

import numpy as np
import pytest

from encoder_cases import needs_transformers
from manylabel.core.errors import InputError
from manylabel.nn.inputs import Inputs, States
from network_encoder_cases import TEXTS, WORDS, Notes, fitted, random

torch = pytest.importorskip("torch")

NUMBERS = [" ".join(f"w{number}" for number in range(length)) for length in (23, 1, 6, 7, 0, 9)]
CNN = {"kind": "cnn", "filters": 5, "filter_widths": [3], **WORDS}
OPTIONS = {"kind": "windows", "encoder": CNN, "window": 6, "stride": 3, "max_windows": 4}


def test_where_windows_begin_and_end():
    notes = Notes()
    encoder = fitted({**OPTIONS, "encoder": {**CNN, "embeddings": {"width": 4}}}, texts=NUMBERS[:1])
    inputs = encoder.inputs(NUMBERS, progress=notes)
    assert notes.said == ["16.7% of 6 documents are cut to their first 15 tokens"]
    words = inputs.values - 2
    rows = [words[begin:stop].tolist() for begin, stop in zip(inputs.offsets[:-1], inputs.offsets[1:], strict=True)]
    assert rows[0] == [*range(6), *range(3, 9), *range(6, 12), *range(9, 15)]
    assert rows[1:4] == [[0], [*range(6)], [*range(6), *range(3, 7)]]
    assert rows[4] == [-1]  # an unknown word, where there is none
    assert rows[5] == [*range(6), *range(3, 9)]


@needs_transformers
def test_special_tokens_stand_around_each_window():
    encoder = fitted({**OPTIONS, "encoder": random("bert")})
    tokens, _ = encoder.encoder.tokens(["red sky red sky red"])
    inputs = encoder.inputs(["red sky red sky red"])
    content = encoder.encoder.tokens(["red sky red sky red"])[0].tolist()
    expected = [2, *content[:4], 3]
    for begin in range(3, len(tokens) - 1, 3):
        expected += [2, *content[begin : begin + 4], 3]
    assert inputs.values.tolist() == expected


@pytest.mark.parametrize("states", ["windows", "tokens"])
def test_each_window_is_read_by_itself(states):
    encoder = fitted({**OPTIONS, "states": states}, texts=NUMBERS)
    inputs = encoder.inputs(NUMBERS)
    pieces = [
        [inputs.values[begin:stop][start : start + 6] for start in range(0, stop - begin, 6)]
        for begin, stop in zip(inputs.offsets[:-1], inputs.offsets[1:], strict=True)
    ]
    with torch.no_grad():
        found = encoder(inputs.batch(range(6), multiple=encoder.multiple))
        pooled = encoder.pool(found)
        for row, windows in enumerate(pieces):
            alone = [encoder.encoder(Inputs.of([window], 1).batch([0])) for window in windows]
            vectors = torch.cat([encoder.encoder.pool(one) for one in alone])
            by_hand = encoder.attention(States(vectors[None], torch.ones(1, len(vectors), dtype=torch.bool)))
            torch.testing.assert_close(pooled[row], by_hand[0])
            expected = vectors if states == "windows" else torch.cat([one.tokens[0] for one in alone])
            torch.testing.assert_close(found.tokens[row][found.mask[row]], expected)


@pytest.mark.parametrize("states", ["windows", "tokens"])
def test_training_reads_some_of_the_windows(states):
    encoder = fitted({**OPTIONS, "states": states, "training_windows": 2}, texts=NUMBERS)
    batch = encoder.inputs(NUMBERS).batch(range(6), multiple=encoder.multiple)
    with torch.no_grad():
        whole = encoder(batch).mask
    encoder.train()
    torch.manual_seed(0)
    read = np.zeros(whole.shape)
    for _ in range(400):
        with torch.no_grad():
            mask = encoder(batch).mask
        assert not (mask & ~whole).any()
        windows = mask.reshape(6, 4, -1).any(dim=2).sum(dim=1)
        assert windows.tolist() == [2, 1, 1, 2, 1, 2]
        read += mask.numpy()
    np.testing.assert_allclose(read[0].reshape(4, -1)[:, 0] / 400, 0.5, atol=0.1)
    assert (encoder.eval()(batch).mask == whole).all()


def test_windows_see_each_other_and_their_places():
    encoder = fitted({**OPTIONS, "attention_layers": 1}, texts=NUMBERS)
    first, second = NUMBERS[2], NUMBERS[2].replace("w5", "w1")
    with torch.no_grad():
        inputs = encoder.inputs([f"{first} {first}", f"{second} {first}"])
        one, other = encoder(inputs.batch([0, 1], multiple=6)).tokens
    assert one.shape == (3, 5)
    assert not torch.allclose(one[2], other[2], atol=1e-5)  # the window is the same, the first one is not


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 13}, "window: 13 tokens, but the encoder reads 12 at most"),
        ({"stride": 7}, "stride: 7 tokens, but a window has room for 6"),
    ],
)
def test_sizes_that_do_not_fit(options, message):
    with pytest.raises(InputError, match=message):
        fitted({**OPTIONS, **options})


@needs_transformers
def test_windows_without_room_between_special_tokens():
    with pytest.raises(InputError, match="window: 2 tokens leave no room between special ones"):
        fitted({**OPTIONS, "encoder": random("bert"), "window": 2}, texts=TEXTS)
