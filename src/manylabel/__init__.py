"""Text classification with very many, very uneven labels.

The names below are imported when they are first used, so that ``import manylabel`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manylabel.core.corpus import Corpus, Document
    from manylabel.core.errors import ManylabelError
    from manylabel.core.labels import LabelSpace
    from manylabel.core.topk import TopK
    from manylabel.decide.decision import Decision, fit_decision, load_decision
    from manylabel.metrics.evaluate import evaluate
    from manylabel.models.attention_xml.attention_xml import AttentionXML
    from manylabel.models.auto import Auto
    from manylabel.models.base import load
    from manylabel.models.dual_encoder.dual_encoder import DualEncoder
    from manylabel.models.estimators import LinearOVRClassifier, LinearTreeClassifier
    from manylabel.models.fused import Fused
    from manylabel.models.linear_ovr import LinearOVR
    from manylabel.models.linear_tree import LinearTree
    from manylabel.models.network.network import Network
    from manylabel.runs.inspect import inspect

__version__ = "0.1.0"

_HOMES = {
    "AttentionXML": "manylabel.models.attention_xml.attention_xml",
    "Auto": "manylabel.models.auto",
    "Corpus": "manylabel.core.corpus",
    "Decision": "manylabel.decide.decision",
    "Document": "manylabel.core.corpus",
    "DualEncoder": "manylabel.models.dual_encoder.dual_encoder",
    "Fused": "manylabel.models.fused",
    "LabelSpace": "manylabel.core.labels",
    "LinearOVR": "manylabel.models.linear_ovr",
    "LinearOVRClassifier": "manylabel.models.estimators",
    "LinearTree": "manylabel.models.linear_tree",
    "LinearTreeClassifier": "manylabel.models.estimators",
    "ManylabelError": "manylabel.core.errors",
    "Network": "manylabel.models.network.network",
    "TopK": "manylabel.core.topk",
    "evaluate": "manylabel.metrics.evaluate",
    "fit_decision": "manylabel.decide.decision",
    "inspect": "manylabel.runs.inspect",
    "load": "manylabel.models.base",
    "load_decision": "manylabel.decide.decision",
}

__all__ = [
    "AttentionXML",
    "Auto",
    "Corpus",
    "Decision",
    "Document",
    "DualEncoder",
    "Fused",
    "LabelSpace",
    "LinearOVR",
    "LinearOVRClassifier",
    "LinearTree",
    "LinearTreeClassifier",
    "ManylabelError",
    "Network",
    "TopK",
    "__version__",
    "evaluate",
    "fit_decision",
    "inspect",
    "load",
    "load_decision",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'manylabel' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
