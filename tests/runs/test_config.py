"""Configurations: every mistake at once, with its line; nothing that is read and ignored; what is dumped reads back."""

from pathlib import Path

import jsonschema
import pytest

from manylabel.core.config import parse_yaml, read_yaml, to_yaml
from manylabel.core.errors import InputError
from manylabel.data.sampling import SAMPLERS
from manylabel.models import MODELS
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.heads import HEADS
from manylabel.nn.losses import LOSSES
from manylabel.runs.config import ConfigMistakes, config_schema, parse_config, read_config

EXAMPLES = sorted((Path(__file__).parents[2] / "configs").rglob("*.yaml"))

# What stands under data, model and evaluate, with whatever may be said more briefly.
SHORTHANDS = [
    "{}",
    "{model: auto}",
    "{model: null}",
    "{model: {}}",
    "{data: {labels: l.jsonl}}",
    "{data: {labels: {path: l.jsonl, names: uri}}}",
    "{data: {labels: null, text_fields: title}}",
    "{data: {text_fields: [title, abstract]}}",
    "{evaluate: {metrics: micro-F1}}",
    "{evaluate: {metrics: [p@1, R@5]}}",
    "{model: {kind: linear-ovr, cost_search: micro-F1}}",
    "{model: {kind: linear-ovr, cost_search: {best_for: micro-F1, folds: 4}}}",
    "{model: {kind: linear-ovr, cost_search: null}}",
    "{model: {kind: network, encoder: bag, head: linear, loss: focal, sampling: plain}}",
    "{model: {kind: network, encoder: {kind: cnn, embeddings: vectors.txt}}}",
    "{model: {kind: network, encoder: {kind: bag, embeddings: {width: 4}}}}",
    "{model: {kind: network, encoder: {kind: windows, encoder: bag}}}",
    "{model: {kind: network, encoder: {kind: windows, encoder: {kind: bag, embeddings: vectors.txt}}}}",
    "{model: {kind: network, encoder: {kind: sentence, encoder: {kind: transformer, model: m}}}}",
    "{model: {kind: network, train: {early_stopping: micro-F1, average: swa}}}",
    "{model: {kind: network, train: {early_stopping: {metric: loss, patience: null}, average: {decay: 0.9}}}}",
    "{model: {kind: network, train: {early_stopping: null, average: null}}}",
    "{model: {kind: network, stages: head}}",
    "{model: {kind: network, stages: [whole, {kind: head, fresh: true, loss: bce, sampling: {kind: plain}}]}}",
    "{model: {kind: network, stages: {kind: whole, frozen_layers: 2}, augmentation: word-swap}}",
    "{model: fused}",
    "{model: {kind: fused, ranker: logistic}}",
    "{model: {kind: fused, ranker: {kind: boosted, rounds: 10}}}",
    "{model: {kind: fused, sources: {memory: {neighbours: 9}, linear: {model: linear-ovr}, phrases: null}}}",
    "{model: {kind: fused, sources: {memory: {encoder: {kind: transformer, model: m}}}}}",
    "{model: {kind: fused, sources: {memory: {encoder: null}, linear: memory}}}",
    "{model: {kind: fused, sources: {model: {candidates: 7}, again: {kind: memory, candidates: 3}, more: phrases}}}",
    "{model: {kind: fused, sources: {net: {kind: model, model: {kind: network, encoder: bag, stages: head}}}}}",
    "{model: {kind: fused, sources: {both: {kind: model, model: {kind: fused, sources: {memory: null}}}}}}",
]
WRONG = [
    "{more: 1}",
    "{data: null}",
    "{data: {labels: {file: l}}}",
    "{data: {text_fields: []}}",
    "{model: linear}",
    "{model: {trees: 1}}",
    "{model: {kind: linear}}",
    "{model: {kind: linear-ovr, cost_search: recall}}",
    "{model: {kind: network, encoder: gru}}",
    "{model: {kind: network, encoder: {embeddings: vectors.txt}}}",
    "{model: {kind: network, encoder: {kind: bag, embeddings: {dimensions: 4}}}}",
    "{model: {kind: network, encoder: {kind: windows, encoder: windows}}}",
    "{model: {kind: network, encoder: {kind: windows, encoder: {kind: bag, filters: 4}}}}",
    "{model: {kind: network, train: {average: mean}}}",
    "{model: {kind: network, train: {early_stopping: {metrics: loss}}}}",
    "{model: {kind: network, stages: all}}",
    "{model: {kind: network, stages: [whole, {kind: head, frozen_layers: 2}]}}",
    "{model: {kind: network, augmentation: [{share: 0.1}]}}",
    "{model: {kind: fused, ranker: best}}",
    "{model: {kind: fused, ranker: {rounds: 10}}}",
    "{model: {kind: fused, ranker: {kind: boosted, round: 10}}}",
    "{model: {kind: fused, sources: [memory]}}",
    "{model: {kind: fused, sources: {memory: {neighbors: 9}}}}",
    "{model: {kind: fused, sources: {memory: {encoder: {kind: transformer, modle: m}}}}}",
    "{model: {kind: fused, sources: {memory: {encoder: bag}}}}",
    "{model: {kind: fused, sources: {my memory: memory}}}",
    "{model: {kind: fused, sources: {mine: {neighbours: 9}}}}",
    "{model: {kind: fused, sources: {mine: memories}}}",
    "{model: {kind: fused, sources: {linear: {model: linear}}}}",
    "{model: {kind: fused, sources: {both: {kind: model, model: {kind: fused, sources: {memory: {k: 1}}}}}}}",
]


@pytest.fixture(scope="module")
def schema_takes():
    """Says whether the JSON schema takes a configuration."""
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid


def sections(text):
    """A configuration of plain data that has training documents at least."""
    given = parse_yaml(text)
    return {
        **given,
        "data": {"train": "a", **given["data"]} if given.get("data") else given.get("data", {"train": "a"}),
    }


def written(tmp_path, text):
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def mistakes(tmp_path, text, *overrides):
    with pytest.raises(ConfigMistakes) as caught:
        read_config(written(tmp_path, text), overrides)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.mistakes]


def test_every_mistake_is_named_with_its_line_and_the_nearest_key(tmp_path):
    text = """\
data: {train: a.jsonl, tset: b.jsonl}
model:
  kind: linear-tree
  tree:
    leaf_size: 0
    braching: 4
  features:
    ngram_range:
      - 1
      - two
evaluate:
  metrics: [P@1, ndgc@5]
  n_bootstrap: many
"""
    found = mistakes(tmp_path, text)
    assert [line.split(": ")[:2] for line in found] == [
        ["c.yaml:1", "data.tset"],
        ["c.yaml:5", "model.tree.leaf_size"],
        ["c.yaml:6", "model.tree.braching"],
        ["c.yaml:10", "model.features.ngram_range.1"],
        ["c.yaml:12", "evaluate.metrics"],
        ["c.yaml:13", "evaluate.n_bootstrap"],
    ]
    assert "did you mean 'test'?" in found[0]
    assert "did you mean 'branching'?" in found[2]
    assert "did you mean 'nDCG@5'?" in found[4]
    assert all("\n" not in line for line in found)


def test_an_unknown_model_does_not_hide_other_mistakes(tmp_path):
    found = mistakes(tmp_path, "data: {train: a}\nevaluate: {k: 0}\nmodel:\n  kind: linear-tre\n")
    assert found[0] == "c.yaml:4: model.kind: unknown model 'linear-tre', did you mean 'linear-tree'?"
    assert found[1].startswith("c.yaml:2: evaluate.k: ")


def test_a_bare_string_that_is_no_model_is_placed_too(tmp_path):
    assert mistakes(tmp_path, "data: {train: a}\nmodel: liner-ovr\n")[0].startswith("c.yaml:2: model.kind: unknown")


def test_a_key_that_stands_twice_is_refused(tmp_path):
    text = "data: {train: a}\nmodel:\n  kind: linear-tree\n  trees: 1\n  trees: 3\n"
    assert mistakes(tmp_path, text) == ["c.yaml:5: model.trees: stands twice"]
    found = mistakes(tmp_path, text.replace("trees: 3", "trees: 0"))
    assert found[1].startswith("c.yaml:5: model.trees: "), "of two the last counts"


def test_a_mistake_in_an_assignment_names_the_assignment(tmp_path):
    found = mistakes(
        tmp_path, "data: {train: a}\nmodel: {kind: linear-tree, trees: 2}\n", "model.trees=0", "model.tres=4"
    )
    assert found[0].startswith("--set model.trees=0: model.trees: ")
    assert found[1].startswith("--set model.tres=4: model.tres: unknown key")


def test_what_is_missing_is_placed_at_its_section(tmp_path):
    assert mistakes(tmp_path, "model: linear-ovr\ndata:\n  test: b\n") == ["c.yaml:2: data.train: is required"]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("{metrics: [P@20]}", "k must be at least 20"),
        ("{top_n: 3, threshold: 0.2}", "give one of them"),
        ("{top_n: 11}", "k must be at least 11"),
        ("{cuts: [10, 5]}", "cuts"),
        ("{propensity_a: -1}", "propensity"),
        ("{metrics: []}", "no metric"),
        ("{confidence: 95}", "confidence"),
    ],
)
def test_an_evaluation_that_cannot_be_is_refused_before_any_training(tmp_path, section, reason):
    (line,) = mistakes(tmp_path, f"data: {{train: a}}\nevaluate: {section}\n")
    assert line.startswith("c.yaml:2: evaluate")
    assert reason in line


def test_a_bare_model_name_and_assignments_into_it():
    config = parse_config({"data": {"train": "a"}, "model": "linear-ovr"}, ["model.solver.cost=0.5"])
    assert (config.model.kind, config.model.solver.cost) == ("linear-ovr", 0.5)


def test_the_model_has_a_default_and_a_label_file_may_be_a_path():
    config = parse_config({"data": {"train": "a", "labels": "l.jsonl", "text_fields": "title"}})
    assert config.model.kind == "auto"
    assert config.data.labels.path == "l.jsonl"
    assert config.data.text_fields == ("title",)


def test_options_of_no_model_are_refused(tmp_path):
    found = mistakes(tmp_path, "data: {train: a}\nmodel:\n  trees: 1\n")
    assert found == ["c.yaml:3: model.kind: name the model that these options belong to"]


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(ConfigMistakes, match="did you mean 'jsonl'"):
        parse_config({"data": {"train": "a", "format": "jsonll"}})


@pytest.mark.parametrize("kind", list(MODELS))
def test_what_is_dumped_reads_back_the_same(kind, tmp_path):
    config = parse_config({"data": {"train": "a", "labels": "l"}, "model": kind}, ["evaluate.top_n=3"])
    again = read_config(written(tmp_path, to_yaml(config)))
    assert again == config
    assert to_yaml(again) == to_yaml(config)


def test_the_schema_knows_every_model_and_allows_no_unknown_key():
    schema = config_schema()
    assert schema["properties"]["model"]["anyOf"][0]["enum"] == list(MODELS)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("text", SHORTHANDS)
def test_the_schema_takes_what_may_be_said_briefly(text, schema_takes):
    assert schema_takes(sections(text))
    config = parse_config(sections(text))
    assert schema_takes(config.model_dump(mode="json")), "the resolved configuration, as a run keeps it"


@pytest.mark.parametrize("text", WRONG)
def test_the_schema_refuses_what_the_parser_refuses(text, schema_takes):
    assert not schema_takes(sections(text))
    with pytest.raises(ConfigMistakes):
        parse_config(sections(text))


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"c\.yaml:2: "):
        read_config(written(tmp_path, "data: {train: a}\nmodel: a: b\n"))


def test_the_schema_knows_the_parts_of_networks():
    """An editor that checks against it takes every kind, bare or as a section, and refuses others."""
    schema = config_schema()
    fields = schema["$defs"]["NetworkConfig"]["properties"]
    for name, table in {"encoder": ENCODERS, "head": HEADS, "loss": LOSSES, "sampling": SAMPLERS}.items():
        bare, *sections = fields[name]["anyOf"]
        assert bare["enum"] == list(table)
        found = [schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in sections]
        assert [part["properties"]["kind"]["const"] for part in found] == list(table)


def test_everything_in_the_schema_is_described():
    def walk(node, place):
        if isinstance(node, list):
            for number, inner in enumerate(node):
                walk(inner, f"{place}.{number}")
        elif isinstance(node, dict):
            for name, field in node.get("properties", {}).items():
                if name != "kind" and not field.get("description"):
                    missing.append(f"{place}.{name}")
            for name, inner in node.items():
                walk(inner, f"{place}.{name}")

    missing: list[str] = []
    walk(config_schema(), "")
    assert missing == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid(file, schema_takes):
    config = read_config(file)
    assert config.model.kind in MODELS
    assert schema_takes(read_yaml(file))


def test_there_are_examples():
    assert {file.stem for file in EXAMPLES} >= {"linear-tree", "linear-ovr", "wordnet"}
