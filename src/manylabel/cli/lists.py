"""``manylabel list``."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer

from manylabel.cli import options


class Kind(StrEnum):
    """What can be listed."""

    models = "models"
    encoders = "encoders"
    heads = "heads"
    losses = "losses"
    samplers = "samplers"
    augmentations = "augmentations"
    stages = "stages"
    negatives = "negatives"
    metrics = "metrics"
    decisions = "decisions"
    calibrations = "calibrations"
    formats = "formats"
    label_formats = "label-formats"
    splits = "splits"
    datasets = "datasets"
    diagnoses = "diagnoses"
    rules = "rules"


_TABLES = {
    Kind.models: "manylabel.models:MODELS",
    Kind.encoders: "manylabel.nn.encoders:ENCODERS",
    Kind.heads: "manylabel.nn.heads:HEADS",
    Kind.losses: "manylabel.nn.losses:LOSSES",
    Kind.samplers: "manylabel.data.sampling:SAMPLERS",
    Kind.augmentations: "manylabel.data.augment:AUGMENTATIONS",
    Kind.stages: "manylabel.models.network.stages_config:NETWORK_STAGES",
    Kind.negatives: "manylabel.models.dual_encoder.negatives_config:NEGATIVES",
    Kind.metrics: "manylabel.metrics:METRICS",
    Kind.decisions: "manylabel.decide:METHODS",
    Kind.calibrations: "manylabel.decide:CALIBRATORS",
    Kind.formats: "manylabel.data.formats:FORMATS",
    Kind.label_formats: "manylabel.data.formats:LABEL_FORMATS",
    Kind.splits: "manylabel.data.split:SPLITS",
    Kind.datasets: "manylabel.data.catalogue:CATALOGUE",
    Kind.diagnoses: "manylabel.report.doctor:RULES",
    Kind.rules: "manylabel.data.inspect:RULES",
}


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)], json_: options.Json = False
) -> None:
    """List models, metrics, formats and the like.

    The names are those that stand in configurations and options.
    """
    module, _, name = _TABLES[kind].partition(":")
    table = getattr(import_module(module), name)
    summaries = {entry: part.summary for entry, part in table.items()}
    if json_:
        import json

        print(json.dumps(summaries, ensure_ascii=False))
        return
    width = max(map(len, summaries), default=0)
    for entry, summary in summaries.items():
        print(f"{entry.ljust(width)}  {summary}")
