"""The model card of a run: ``README.md`` with the front matter that the Hugging Face hub reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from manylabel.core.capacity import format_bytes, format_seconds
from manylabel.decide.decision import Decision
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.groups import check_cuts, describe
from manylabel.metrics.names import parse_metric
from manylabel.models import MODELS
from manylabel.runs.card_limits import file_name, intended_use, limits
from manylabel.runs.config import RunConfig

CARD_FILE = "README.md"

# Parts of our names and the identifiers under https://hf.co/metrics; propensity-scored ones are none of these.
_HUB_METRICS = {"F1": "f1", "precision": "precision", "P@k": "precision", "recall": "recall", "R@k": "recall"}
_DECISION = "## Decision"
_TRAINING = "## Training"


def model_card(
    name: str,
    config: RunConfig[Any],
    info: Mapping[str, Any],
    evaluation: Evaluation | None,
    more: Sequence[str] = (),
) -> str:
    """The card, of facts only.

    Args:
        name: what to call the model.
        config: its configuration.
        info: the manifest's ``info``: data, labels, versions, machine, time.
        evaluation: on the test part, where there is one.
        more: sections of the model's own.
    """
    sections = [_front_matter(name, info, evaluation), _introduction(name, config, info), _usage(name, info)]
    sections += [intended_use(info), limits(info, evaluation), _data(config, info)]
    if evaluation is not None:
        sections.append(f"## Evaluation\n\nOn `{file_name(info['data']['test'])}`:\n\n```\n{evaluation.table()}\n```")
    sections += more
    sections.append(_training(config, info))
    return "\n\n".join(sections) + "\n"


def with_decision(card: str, decision: Decision) -> str:
    """The card of a run with what its decision is, in place of what it said of a former one.

    Args:
        card: as it stands.
        decision: as it was fitted; its facts name the documents and the day.
    """
    facts = decision.facts
    where = f"`{PurePath(facts['source'] or '').name}`"
    how = f"{where}, scored by {facts['folds']} fold models" if facts["folds"] else where
    section = f"{_DECISION}\n\nFitted on {how}, {facts['created']}:\n\n```\n{decision.describe()}\n```"
    before, _, after = card.partition(f"\n{_DECISION}\n")
    if after:
        after = after[after.find("\n## ") :] if "\n## " in after else "\n"
        return f"{before}\n{section}\n{after}"
    before, heading, after = card.rpartition(f"\n{_TRAINING}\n")
    return f"{before}\n{section}\n{heading}{after}" if heading else f"{card.rstrip()}\n\n{section}\n"


def _front_matter(name: str, info: Mapping[str, Any], evaluation: Evaluation | None) -> str:
    task = {"type": "text-classification", "name": "multi-label text classification"}
    content: dict[str, Any] = {
        "library_name": "manylabel",
        "pipeline_tag": "text-classification",
        "tags": ["multi-label-classification", "extreme-classification", "manylabel"],
    }
    if evaluation is not None:
        data = {"type": "custom", "name": file_name(info["data"]["test"]), "split": "test"}
        values = [
            {"type": _hub_metric(metric), "name": metric, "value": round(value, 6)}
            for metric, value in evaluation.values.items()
        ]
        content["metrics"] = sorted({value["type"] for value in values} & set(_HUB_METRICS.values()))
        content["model-index"] = [{"name": name, "results": [{"task": task, "dataset": data, "metrics": values}]}]
    return f"---\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}---"


def _hub_metric(name: str) -> str:
    """What the hub calls the family of a metric, or its own name where the hub has none."""
    entry = parse_metric(name).entry
    families = [family for part, family in _HUB_METRICS.items() if part in entry.split("-")]
    return families[0] if families else name


def _introduction(name: str, config: RunConfig[Any], info: Mapping[str, Any]) -> str:
    kind = config.model.kind
    return (
        f"# {name}\n\nA multi-label text classifier over {info['labels']['labels']:,} labels, model `{kind}` of "
        f"manylabel {info['versions']['manylabel']}: {_lowered(MODELS[kind].summary)}"
    )


def _usage(name: str, info: Mapping[str, Any]) -> str:
    features = "features" in info["data"]["train"]
    call = "model.predict(rows, k=5)  # CSR rows of features" if features else 'model.predict(["a text"], k=5)'
    return (
        "## Use\n\n```python\nfrom manylabel import load\n\n"
        f'model = load("{name}")\ntopk = {call}\nnames = model.labels.names_of(topk.indices[0])\n```\n\n'
        f"```\nmanylabel predict {name} texts.txt --k 5 --output predictions.jsonl\n```"
    )


def _data(config: RunConfig[Any], info: Mapping[str, Any]) -> str:
    rows = ["| part | file | documents | labels | pairs | without labels |", "|---|---|---:|---:|---:|---:|"]
    for part, facts in info["data"].items():
        counts = " | ".join(f"{facts[key]:,}" for key in ("documents", "labels", "pairs", "without_labels"))
        rows.append(f"| {part} | `{file_name(facts)}` | {counts} |")
    said = describe(check_cuts(config.evaluate.cuts))
    sizes = ", ".join(f"{info['labels'][group]:,} {group} ({text})" for group, text in said.items())
    lines = ["## Data", "", *rows, "", f"Labels by number of training documents: {sizes}."]
    if config.data.text_fields != ("text",):
        lines.append(f"The text is made of the fields {', '.join(config.data.text_fields)}.")
    return "\n".join(lines)


def _training(config: RunConfig[Any], info: Mapping[str, Any]) -> str:
    model = yaml.safe_dump({"model": config.model.model_dump(mode="json")}, sort_keys=False, allow_unicode=True)
    machine = info["machine"]
    return (
        f"{_TRAINING}\n\n{info['created']}, {format_seconds(info['seconds'])} with reading and evaluation, "
        f"{format_bytes(info['peak_memory_bytes'])} of memory at the peak, {machine['cores']} cores of "
        f"{machine['processor']}, Python {info['versions']['python']}.\n\n```yaml\n{model}```"
    )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
