"""What holds for every encoder of the table."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest

from manylabel.core.run_directory import RunDirectory, write_run
from manylabel.nn.encoders import ENCODERS
from network_encoder_cases import CASES, HERE, TEXTS, Notes, every_case, fitted, make, shaken

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Every case fitted once; tests that change an encoder make a copy."""
    folder = tmp_path_factory.mktemp("files")
    return {name: shaken(fitted(CASES[name], folder)) for name in HERE}


def states_of(encoder, inputs, rows, **more):
    with torch.no_grad():
        states = encoder(inputs.batch(rows, multiple=encoder.multiple, **more))
        return states, encoder.pool(states)


def test_every_kind_has_a_case():
    assert {case["kind"] for case in CASES.values()} == set(ENCODERS)


@every_case
def test_a_document_does_not_depend_on_its_batch(name, cases):
    encoder = cases[name]
    inputs = encoder.inputs(TEXTS)
    assert len(inputs) == len(TEXTS)
    assert inputs.lengths.min() >= 1
    together, pooled = states_of(encoder, inputs, range(len(TEXTS)))
    assert together.tokens.shape[-1] == encoder.width
    assert pooled.shape == (len(TEXTS), encoder.pooled_width)
    assert pooled.dtype == together.tokens.dtype == torch.float32
    for row in range(len(TEXTS)):
        alone, pooled_alone = states_of(encoder, inputs, [row])
        length = int(alone.mask.sum())
        assert length == int(together.mask[row].sum())
        torch.testing.assert_close(alone.tokens[0][alone.mask[0]], together.tokens[row][together.mask[row]], **close)
        torch.testing.assert_close(pooled_alone[0], pooled[row], **close)
    backwards, pooled_backwards = states_of(encoder, inputs, [3, 1])
    torch.testing.assert_close(pooled_backwards, pooled[[3, 1]], **close)
    width = backwards.tokens.shape[1]
    torch.testing.assert_close(backwards.tokens, together.tokens[[3, 1], :width], **close)


close = {"atol": 1e-5, "rtol": 1e-5}


@every_case
def test_the_inputs_of_a_text_do_not_depend_on_the_others(name, cases):
    encoder = cases[name]
    together = encoder.inputs(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = encoder.inputs([text])
        expected = together.values[together.offsets[row] : together.offsets[row + 1]]
        if together.values.dtype.kind == "i":
            np.testing.assert_array_equal(alone.values, expected)
        else:  # vectors, in float16 where states are kept
            np.testing.assert_allclose(alone.values, expected, atol=2e-3)
    assert len(encoder.inputs([])) == 0


@every_case
def test_padding_is_masked_and_of_no_consequence(name, cases):
    encoder = cases[name]
    batch = encoder.inputs(TEXTS).batch(range(len(TEXTS)), multiple=encoder.multiple)
    with torch.no_grad():
        states = encoder(batch)
        assert torch.count_nonzero(states.tokens[~states.mask]) == 0
        values = batch.values.clone()
        values[~batch.mask] = 3 if values.dtype == torch.int64 else 1e4
        other = encoder(type(batch)(values, batch.mask))
        torch.testing.assert_close(other.tokens, states.tokens, **close)
        torch.testing.assert_close(encoder.pool(other), encoder.pool(states), **close)


@every_case
def test_states_differ_between_texts_and_are_the_same_twice(name, cases):
    encoder = cases[name]
    inputs = encoder.inputs(TEXTS)
    _, once = states_of(encoder, inputs, range(len(TEXTS)))
    _, twice = states_of(encoder, inputs, range(len(TEXTS)))
    assert torch.equal(once, twice)
    assert not torch.allclose(once[0], once[1], atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@every_case
def test_states_on_a_gpu(name, cases):
    encoder = cases[name]
    inputs = encoder.inputs(TEXTS)
    batch = inputs.batch(range(len(TEXTS)), multiple=encoder.multiple)
    _, expected = states_of(encoder, inputs, range(len(TEXTS)))
    moved = copy.deepcopy(encoder).to("cuda")
    assert moved.inputs(TEXTS).values.shape == inputs.values.shape
    with torch.no_grad():
        states = moved(batch.to("cuda"))
        torch.testing.assert_close(moved.pool(states).cpu(), expected, atol=1e-3, rtol=1e-3)
    moved.train()
    states = moved(batch.to("cuda"))
    if states.tokens.requires_grad:
        (moved.pool(states).sum() + states.tokens.sum()).backward()
        assert all(torch.isfinite(one.grad.to_dense()).all() for one in moved.parameters() if one.grad is not None)


@every_case
def test_odd_texts_are_read(name, cases):
    encoder = cases[name]
    odd = ["\ud800 red", "\x00", "a" * 3000, "\n\t ", "🙂 ÅÉ 你好", "[CLS] [PAD] <s>", "\u0301"]
    states, pooled = states_of(encoder, encoder.inputs(odd), range(len(odd)))
    assert torch.isfinite(states.tokens).all()
    assert torch.isfinite(pooled).all()


@every_case
def test_layers_are_all_parameters_once(name, cases):
    encoder = cases[name]
    of_layers = [id(parameter) for layer in encoder.layers() for parameter in layer.parameters()]
    assert len(of_layers) == len(set(of_layers))
    assert set(of_layers) == {id(parameter) for parameter in encoder.parameters()}
    assert all(parameter.dtype == torch.float32 for parameter in encoder.parameters())


@every_case
def test_gradients_reach_all_that_is_trained(name, cases):
    encoder = copy.deepcopy(cases[name]).train()
    torch.manual_seed(0)
    inputs = encoder.inputs(TEXTS)
    for _ in range(5):  # a random part of the units or windows may be left out of one step
        states = encoder(inputs.batch(range(len(TEXTS)), multiple=encoder.multiple))
        loss = (encoder.pool(states) ** 2).sum() + (states.tokens**3).sum() + states.tokens.sum()
        if loss.requires_grad:
            loss.backward()
        gradients = [one.grad for one in encoder.parameters() if one.requires_grad]
        if all(one is not None and one.to_dense().any() for one in gradients):
            break
    for parameter_name, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, parameter_name
            assert torch.isfinite(parameter.grad.to_dense()).all(), parameter_name
            assert parameter.grad.to_dense().abs().max() > 0, parameter_name
        else:
            assert parameter.grad is None, parameter_name


@every_case
def test_a_copy_stands_alone(name, cases):
    encoder = cases[name]
    inputs = encoder.inputs(TEXTS)
    _, expected = states_of(encoder, inputs, range(4))
    copied = copy.deepcopy(encoder)
    assert torch.equal(states_of(copied, copied.inputs(TEXTS), range(4))[1], expected)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.add_(1)
    assert torch.equal(states_of(encoder, inputs, range(4))[1], expected)


@every_case
def test_the_same_seed_gives_the_same_encoder(name, cases, tmp_path):
    again = shaken(fitted(CASES[name], tmp_path))
    for one, other in zip(cases[name].parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@every_case
def test_long_texts_are_cut_with_one_note(name, cases):
    encoder = cases[name]
    notes = Notes()
    short = encoder.inputs(TEXTS[:2], progress=notes)
    assert notes.said == []
    long = encoder.inputs([*TEXTS[:2], "red boat " * 500, "old sea " * 600], progress=notes)
    assert short.lengths.tolist() == long.lengths[:2].tolist()
    said = ["50.0% of 4 documents are cut to their first "] if not name.startswith("sentence") else []
    assert len(notes.said) == len(said)
    assert all(note.startswith(start) for note, start in zip(notes.said, said, strict=True))


def save(encoder, run):
    with write_run(run) as writer:
        encoder.write(writer.within("encoder"))
    safetensors.save_model(encoder, str(run / "model.safetensors"))


@every_case
def test_what_is_written_is_restored_bit_by_bit(name, cases, tmp_path):
    encoder = cases[name]
    save(encoder, tmp_path / "run")
    restored = make(CASES[name], tmp_path / "gone")
    restored.restore(RunDirectory.open(tmp_path / "run").within("encoder"))
    assert {key: value.shape for key, value in restored.state_dict().items()} == {
        key: value.shape for key, value in encoder.state_dict().items()
    }
    safetensors.load_model(restored, str(tmp_path / "run" / "model.safetensors"))
    restored.eval()
    assert [p.requires_grad for p in restored.parameters()] == [p.requires_grad for p in encoder.parameters()]
    ours, theirs = encoder.inputs(TEXTS), restored.inputs(TEXTS)
    np.testing.assert_array_equal(ours.values, theirs.values)
    one, pooled = states_of(encoder, ours, range(len(TEXTS)))
    other, pooled_other = states_of(restored, theirs, range(len(TEXTS)))
    assert torch.equal(one.tokens, other.tokens)
    assert torch.equal(pooled, pooled_other)
    assert (restored.width, restored.pooled_width) == (encoder.width, encoder.pooled_width)


IN_A_FRESH_PROCESS = """
import sys
import numpy as np, torch
from safetensors.torch import load_model
sys.path.insert(0, sys.argv[1])
from network_encoder_cases import CASES, TEXTS, make
from manylabel.core.run_directory import RunDirectory
for name in sys.argv[3:]:
    encoder = make(CASES[name], "gone")
    encoder.restore(RunDirectory.open(f"{sys.argv[2]}/{name}").within("encoder"))
    load_model(encoder, f"{sys.argv[2]}/{name}/model.safetensors")
    encoder.eval()
    with torch.no_grad():
        batch = encoder.inputs(TEXTS).batch(range(len(TEXTS)), multiple=encoder.multiple)
        np.save(f"{sys.argv[2]}/{name}.npy", encoder.pool(encoder(batch)).numpy(), allow_pickle=False)
"""


def test_all_kinds_are_restored_in_a_fresh_process_elsewhere(cases, tmp_path):
    names = [*ENCODERS, "transformer-kept", "windows-of-transformer-kept", "sentence-transformer"]
    chosen = {name: cases[name] for name in names if name in cases}
    for name, encoder in chosen.items():
        save(encoder, tmp_path / name)
    (tmp_path / "elsewhere").mkdir()
    tests = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS, tests, str(tmp_path), *chosen],
        cwd=tmp_path / "elsewhere",
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path if p)},  # noqa: PTH100
        check=True,
        timeout=240,
    )
    for name, encoder in chosen.items():
        _, expected = states_of(encoder, encoder.inputs(TEXTS), range(len(TEXTS)))
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy", allow_pickle=False), expected.numpy())
