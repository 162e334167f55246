"""Hugging Face models and tokenizers: opened without running their code, kept in a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from manylabel.core.errors import InputError, MissingExtraError, RunError
from manylabel.core.run_directory import RunDirectory, RunWriter

NO_LIMIT = 1 << 30
_FILES = "files.json"
_SECONDS = 5  # that the hub has for an answer


def libraries(purpose: str) -> tuple[Any, Any]:
    """The packages torch and transformers.

    Args:
        purpose: what they are needed for.

    Raises:
        MissingExtraError: one is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "nn", purpose) from None
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("transformers", "nn", purpose) from None
    return torch, transformers


def locate(name: str) -> Path | str:
    """The folder that a name means, or the name where it can only be one on the hub.

    Raises:
        InputError: it looks like a folder, and there is none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise InputError("no such folder", path=name, remedy="name the folder of a saved Hugging Face model")
    return name


def open_tokenizer(source: str | Path) -> Any:
    """The tokenizer of a folder or of a name on the hub.

    Raises:
        InputError: it has none that can be used.
    """
    import transformers

    with _opening(source) as local:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, local_files_only=local, trust_remote_code=False)
    # Without its files the library makes a tokenizer that knows its special tokens alone.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError("has no tokenizer", path=source, remedy="save it into the folder, beside the model")
    return tokenizer


def open_configuration(source: str | Path) -> Any:
    """The configuration of a model.

    Raises:
        InputError: it has none that can be used.
    """
    import transformers

    with _opening(source) as local:
        return transformers.AutoConfig.from_pretrained(source, local_files_only=local, trust_remote_code=False)


def open_model(source: str | Path, **options: Any) -> Any:
    """A model with its weights, in float32.

    Args:
        source: folder, or name on the hub.
        **options: of the library's ``from_pretrained``.

    Raises:
        InputError: no such model, or weights are missing that its states are made with.
    """
    import torch
    import transformers

    with _opening(source) as local:
        model, found = transformers.AutoModel.from_pretrained(
            source,
            local_files_only=local,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
            **options,
        )
    # The states are taken before the pooler, which many models come without.
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise InputError(f"its weights lack {missing[0]} and {len(missing) - 1} others", path=source)
    return model


def write_saved(writer: RunWriter, *parts: Any) -> None:
    """Write models, configurations or tokenizers into a run, as they save themselves."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        for part in parts:
            part.save_pretrained(folder)
        files = sorted(file for file in Path(folder).iterdir() if file.is_file())
        for file in files:
            writer.copy(file.name, file)
    writer.json(_FILES, [file.name for file in files])


@contextmanager
def saved(run: RunDirectory) -> Iterator[Path]:
    """A folder with what :func:`write_saved` wrote, under the names that the library wants; those of a run are longer.

    Raises:
        RunError: what is opened in it cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in run.read_json(_FILES):
            (Path(folder) / Path(name).name).symlink_to(run.file(name).resolve())
        try:
            yield Path(folder)
        except InputError as error:
            raise RunError(f"{run.path}: its encoder cannot be opened: {error}") from None


def readable(text: str) -> str:
    """The text with what no UTF-8 can hold, halves of surrogate pairs, replaced: tokenizers refuse it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from drawing bars of their own, and from listing weights that are not needed or requests that
    they repeat."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    level, hub_level, bars = logging.get_verbosity(), hub_logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub_logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        hub_logging.set_verbosity(hub_level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _opening(source: str | Path) -> Iterator[bool]:
    """Gives whether files are looked for on this machine alone; what goes wrong is told in one line."""
    from safetensors import SafetensorError

    local = isinstance(source, Path) or not _hub_answers()
    try:
        with quiet():
            yield local
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason, remedy = str(error).strip().partition("\n")[0].rstrip(":"), None
        if not isinstance(source, Path):
            remedy = "the folder of a saved model will do in place of a name on the hub"
            if local:
                reason = "the hub cannot be reached, and no whole copy of it is kept on this machine"
        elif not any((source / name).is_file() for name in ("config.json", "tokenizer.json", "tokenizer_config.json")):
            reason = "the folder has no config.json"
        raise InputError(f"no model that can be used: {reason}", path=source, remedy=remedy) from None


def _hub_answers() -> bool:
    """Whether the hub can be reached, by one request: the library itself asks for every file six times in 25 seconds,
    even where a copy of it is kept. Where it is told to stay offline the answer is no."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import get_session

    # The package that makes requests is another from version to version; its errors are a base of the library's own.
    of_requests: Any = HfHubHTTPError.__bases__
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except (OSError, *of_requests):
        return False
    return True
