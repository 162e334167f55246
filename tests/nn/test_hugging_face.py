"""Names on the hub where it is out of reach: one request, a copy that is kept, or an error in one line."""

import logging
import shutil
import socket

import pytest

from encoder_cases import needs_transformers, save_model
from manylabel.core.errors import InputError

pytestmark = needs_transformers


class Hub:
    """A machine without network: requests are counted, and waiting between them is an error."""

    def __init__(self):
        self.asked = 0

    def look_up(self, *address, **options):
        self.asked += 1
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    from huggingface_hub import constants

    def wait(seconds):
        raise AssertionError(f"waits {seconds} s for another try")

    found = Hub()
    monkeypatch.setattr(socket, "getaddrinfo", found.look_up)
    monkeypatch.setattr("time.sleep", wait)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "kept"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return found


def keep(folder, model, commit="0" * 40):
    """A model as the library keeps it after a download."""
    place = folder / "kept" / f"models--{model.replace('/', '--')}"
    shutil.copytree(save_model(folder / "saved"), place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)


@pytest.mark.parametrize("opened", ["tokenizer", "configuration", "model"])
def test_a_name_that_is_not_kept_is_an_error_at_once(opened, hub, caplog, capfd):
    from manylabel.nn import hugging_face

    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(InputError, match=r"^no/such-model: .*the hub cannot be reached") as caught,
    ):
        getattr(hugging_face, f"open_{opened}")("no/such-model")
    assert "\n" not in str(caught.value)
    assert 1 <= hub.asked <= 2
    assert [line.name for line in caplog.records if line.levelno >= logging.WARNING] == []
    assert capfd.readouterr() == ("", "")


def test_a_copy_that_is_kept_is_opened_without_the_hub(hub, tmp_path):
    import torch

    from manylabel.nn.hugging_face import open_configuration, open_model, open_tokenizer

    keep(tmp_path, "some/model")
    model, plain = open_model("some/model"), open_model(tmp_path / "saved")
    for name, value in plain.state_dict().items():
        assert torch.equal(model.state_dict()[name], value)
    assert open_configuration("some/model").hidden_size == model.config.hidden_size
    assert len(open_tokenizer("some/model")) == len(open_tokenizer(tmp_path / "saved"))
    assert hub.asked >= 3


def test_a_folder_asks_nobody(hub, tmp_path):
    from manylabel.nn.hugging_face import open_model

    open_model(save_model(tmp_path / "saved"))
    assert hub.asked == 0


def test_a_hub_that_answers_is_asked_for_the_files(monkeypatch):
    import transformers

    from manylabel.nn import hugging_face

    asked = []
    monkeypatch.setattr(hugging_face, "_hub_answers", lambda: True)
    monkeypatch.setattr(
        transformers.AutoConfig,
        "from_pretrained",
        lambda source, local_files_only, **more: asked.append(local_files_only),
    )
    hugging_face.open_configuration("some/model")
    assert asked == [False]
