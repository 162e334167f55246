"""What holds for every loss of the table."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from loss_cases import CHECKS, close, example

from manylabel.core.config import Section
from manylabel.core.errors import ConfigError
from manylabel.core.table import section_of
from manylabel.nn import losses
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import LabelCounts, Loss

NEUTRAL = {
    "weighted-bce": {"scheme": "inverse", "cap": 1.0},
    "focal": {"gamma": 0.0, "alpha": None},
    "asymmetric": {"gamma_negative": 0.0, "gamma_positive": 0.0, "margin": 0.0},
    "class-balanced": {"beta": 0.0, "gamma": 0.0, "alpha": None, "factor": 1.0},
    "distribution-balanced": {
        "floor": 0.0, "slope": 1e6, "centre": 0.0, "kappa": 0.0, "negative_scale": 1.0, "gamma": 0.0, "alpha": None,
    },
    "cb-ntr": {"beta": 0.0, "gamma": 0.0, "alpha": None, "factor": 1.0, "kappa": 0.0, "negative_scale": 1.0},
    "ntr-fl": {"gamma": 0.0, "alpha": None, "kappa": 0.0, "negative_scale": 1.0},
    "propensity": {},  # every propensity is 1 with fewer than three documents
    "logit-adjusted": {"tau": 0.0},
}  # fmt: skip
"""Constants at which a loss is BCE."""

OTHERS = {"bce", "squared-hinge", "ranking", "zlpr", "softmax"}
OTHERS |= {"triplet", "decoupled-softmax", "decoupled-contrastive", "soft-top-k"}
"""Those that have none."""

VARIANTS = [
    *((kind, {"k": "positives"} if kind == "soft-top-k" else {}) for kind in LOSSES),
    ("soft-top-k", {"k": "positives", "alpha": 0.7}),
    ("triplet", {"margin": 2.0, "mean_over": "all"}),
    *(("weighted-bce", {"scheme": scheme, "cap": None}) for scheme in ("inverse", "square-root", "log")),
    ("focal", {"gamma": 0.5, "alpha": 0.25}),
    ("asymmetric", {"gamma_negative": 0.5, "gamma_positive": 0.0}),
    ("asymmetric", {"margin": 0.0, "reduction": "sum"}),
    ("class-balanced", {"mode": "mean", "beta": 0.999}),
    ("class-balanced", {"mode": "rarest", "beta": 0.999}),
    ("cb-ntr", {"mode": "rarest"}),
    ("ntr-fl", {"divide_negatives": False, "alpha": None}),
]


def made(kind: str, constants: dict | None = None) -> Loss:
    loss = section_of({"kind": kind, **(constants or {})}, LOSSES)
    assert isinstance(loss, Loss)
    return loss


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("kind", "constants"), VARIANTS)
def test_contract(kind, constants, check):
    check(made(kind, constants))


def test_every_loss_says_whether_it_can_be_bce():
    assert set(NEUTRAL) | OTHERS == set(LOSSES)


@pytest.mark.parametrize("kind", NEUTRAL)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_neutral_constants_give_bce(kind, soft, reduction):
    case = example(seed=8, soft=soft)
    labels = LabelCounts(case.labels.counts, 2) if kind == "propensity" else case.labels
    assert labels.documents == 2 or labels.counts.max() <= labels.documents / 2
    scores = [case.scores.clone().requires_grad_() for _ in range(2)]
    plain = made("bce", {"reduction": reduction})(scores[0], case.targets)
    own = made(kind, {**NEUTRAL[kind], "reduction": reduction})(scores[1], case.targets, labels=labels)
    close(own, plain, 1e-7)
    plain.sum().backward()
    own.sum().backward()
    assert scores[0].grad is not None
    assert scores[1].grad is not None
    close(scores[1].grad, scores[0].grad, 1e-7)
    # Were the constants no part of the formula, the above would say nothing.
    assert (
        made(kind, {"reduction": reduction})(case.scores, case.targets, labels=case.labels) - plain
    ).abs().max() > 0.01


@pytest.mark.parametrize("kind", LOSSES)
def test_counts_are_asked_for_by_name(kind):
    loss = made(kind)
    case = example()
    if loss.needs_counts:
        with pytest.raises(ValueError, match=f"{kind} needs the number of documents"):
            loss(case.scores, case.targets)
    else:
        close(loss(case.scores, case.targets), case.loss(loss), 0.0)


@pytest.mark.parametrize("kind", LOSSES)
def test_descriptions(kind):
    section = LOSSES.section(kind)
    assert section.__doc__
    assert LOSSES[kind].summary.endswith(".")
    assert section().model_dump()["kind"] == kind
    undescribed = {name for name, field in section.model_fields.items() if not field.description}
    assert undescribed == {"kind"}
    with pytest.raises(ConfigError, match="unknown key"):
        section.parse({"gama": 1})


@pytest.mark.parametrize("kind", LOSSES)
def test_outputs_are_what_the_loss_says(kind):
    loss = made(kind)
    scores = torch.tensor([[0.0, 2.0, -30.0]])
    outputs = loss.outputs(scores)
    if loss.score_kind == "margin":
        assert torch.equal(outputs, scores)
    else:
        assert ((outputs >= 0) & (outputs <= 1)).all()
        assert (outputs.sum() == pytest.approx(1)) is (kind == "softmax")
    assert torch.equal(outputs.argsort(), scores.argsort())


@pytest.mark.parametrize("kind", LOSSES)
def test_a_step_down_the_gradient_lowers_the_loss(kind):
    case = example(seed=9)
    loss, scores = made(kind), case.scores.clone().requires_grad_()
    before = case.loss(loss, scores).sum()
    before.backward()
    assert scores.grad is not None
    assert case.loss(loss, case.scores - 1e-3 * scores.grad).sum() < before


def test_losses_are_checked_without_torch():
    code = (
        "import sys; from manylabel.nn.losses import LOSSES\n"
        "for kind in LOSSES: LOSSES.section(kind).model_json_schema()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


PAGE = Path(__file__).parents[3] / "docs" / "losses.md"


def shown_in_the_docs() -> tuple[str, str]:
    """The file and the line of the page's section on adding a loss."""
    section = PAGE.read_text(encoding="utf-8").partition("## Adding a loss")[2]
    file, line = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    return file, line


def test_a_loss_is_one_file_and_one_line_as_the_docs_show(tmp_path, monkeypatch):
    """In a copy of the table with the line, beside which the file lies."""
    file, line = shown_in_the_docs()
    package = tmp_path / "new_losses"
    package.mkdir()
    (package / "absolute_error.py").write_text(file)
    own = line.replace("manylabel.nn.losses.", "new_losses.")
    before, mark, behind = Path(losses.__file__).read_text(encoding="utf-8").partition('    "loss",\n    {\n')
    (package / "__init__.py").write_text(before + mark + own + behind)
    monkeypatch.syspath_prepend(tmp_path)
    table = importlib.import_module("new_losses").LOSSES
    assert set(table) == {*LOSSES, "absolute-error"}
    assert issubclass(table.section("absolute-error"), Section)
    loss = section_of({"kind": "absolute-error", "weight": 2.0}, table)
    for check in CHECKS:
        check(loss)
    with pytest.raises(ValueError, match="did you mean 'absolute-error'"):
        section_of("absolut-error", table)
