"""``manylabel train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from manylabel.cli import options
from manylabel.cli.errors import say
from manylabel.cli.progress import make_progress


def train(
    run: Annotated[Path, typer.Option("--run", help="Where the run directory shall lie.", show_default=False)],
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="Configuration file (YAML).", show_default=False)
    ] = None,
    data: Annotated[str | None, typer.Option(help="Training documents: data.train.")] = None,
    test: Annotated[str | None, typer.Option(help="Test documents: data.test.")] = None,
    labels: Annotated[str | None, typer.Option(help="Label file: data.labels.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Kind of model: model.kind (default auto, which looks at the data).")
    ] = None,
    unknown_labels: options.Unknown = None,
    set_: options.Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted training.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a finished run, discard an unfinished one.")
    ] = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a model and write a run directory.

    Give a configuration file, or --data, or both (options and --set win). Data paths are relative to the current
    directory. With a test part the run is evaluated and the table printed. Interrupted with Ctrl-C or SIGTERM, the
    finished stages stay beside the run: `manylabel train --run DIR --resume` continues them.
    """
    from manylabel.core.processes import rank
    from manylabel.runs.train import check_place, train_run

    if rank() == 0:
        check_place(run, resume=resume, overwrite=overwrite)
    shortcuts = {"data.train": data, "data.test": test, "data.labels": labels, "model": model}
    resolved = _config(config, shortcuts, options.assignments(set_, unknown_labels=unknown_labels), run, resume)
    progress = make_progress(quiet or rank() > 0)
    try:
        done = train_run(resolved, run, resume=resume, overwrite=overwrite, progress=progress)
    except KeyboardInterrupt:
        from manylabel.core.siblings import unfinished_path

        if unfinished_path(run).exists():
            flags = " --overwrite" if run.exists() else ""
            say(f"finished stages are kept; continue with: manylabel train --run {run} --resume{flags}")
        raise
    if rank() > 0:
        return
    evaluation = done.evaluation
    if json_:
        import json

        print(json.dumps({"run": str(run), **(evaluation.to_dict() if evaluation else {}), "info": dict(done.info)}))
        return
    if evaluation is not None:
        print(evaluation.table())
    progress.note(f"run: {run}")


def _config(file: Path | None, shortcuts: dict[str, str | None], overrides: list[str], run: Path, resume: bool) -> Any:
    from manylabel.core.config import to_yaml
    from manylabel.core.errors import ConfigError
    from manylabel.runs.config import parse_config, read_config
    from manylabel.runs.train import unfinished_config

    given = [f"{path}={_quoted(value)}" for path, value in shortcuts.items() if value is not None]
    if file is not None:
        return read_config(file, [*given, *overrides])
    if resume and shortcuts["data.train"] is None:
        import yaml

        return parse_config(yaml.safe_load(to_yaml(unfinished_config(run))), [*given, *overrides])
    if shortcuts["data.train"] is None and not any(item.startswith("data.train=") for item in overrides):
        raise ConfigError("nothing to train on: name a configuration file or --data")
    return parse_config({}, [*given, *overrides], source="command line")


def _quoted(value: str) -> str:
    """As a YAML string: a file may be called ``1`` or ``a: b``."""
    import json

    return json.dumps(value)
