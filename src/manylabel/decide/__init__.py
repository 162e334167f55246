"""From scores to label sets: thresholds, calibration, targets that are kept."""

from __future__ import annotations

from manylabel.core.table import Part, Table

METHODS = Table(
    "decision method",
    {
        "fixed": Part(
            target="manylabel.decide.methods.fixed:Fixed",
            section="manylabel.decide.methods.fixed_config:FixedConfig",
            summary="labels with at least a given score",
        ),
        "top-n": Part(
            target="manylabel.decide.methods.top_n:TopN",
            section="manylabel.decide.methods.top_n_config:TopNConfig",
            summary="the n best labels of each document",
        ),
        "global": Part(
            target="manylabel.decide.methods.global_threshold:GlobalThreshold",
            section="manylabel.decide.methods.global_threshold_config:GlobalConfig",
            summary="one threshold, where micro-F1 or another metric is best",
        ),
        "per-label": Part(
            target="manylabel.decide.methods.per_label:PerLabel",
            section="manylabel.decide.methods.per_label_config:PerLabelConfig",
            summary="a threshold for each label (SCut), except for those too rare to fit one (FBR)",
        ),
        "per-frequency": Part(
            target="manylabel.decide.methods.per_frequency:PerFrequency",
            section="manylabel.decide.methods.per_frequency_config:PerFrequencyConfig",
            summary="a threshold for each label from the most frequent on, for micro- and macro-F1 together",
        ),
        "expected-f1": Part(
            target="manylabel.decide.methods.expected_f1:ExpectedF1",
            section="manylabel.decide.methods.expected_f1_config:ExpectedF1Config",
            summary="for each document as many labels as make its expected F1 largest",
        ),
        "hierarchy": Part(
            target="manylabel.decide.methods.hierarchy:Hierarchy",
            section="manylabel.decide.methods.hierarchy_config:HierarchyConfig",
            summary="another method, with label sets that hold the parents of their labels",
        ),
        "risk-control": Part(
            target="manylabel.decide.methods.risk_control:RiskControl",
            section="manylabel.decide.methods.risk_control_config:RiskControlConfig",
            summary="thresholds that keep a target of recall or precision, with a guarantee",
        ),
    },
)

CALIBRATORS = Table(
    "calibration",
    {
        "platt": Part("manylabel.decide.calibrators:Platt", "a sigmoid with slope and offset (Platt 1999)"),
        "isotonic": Part("manylabel.decide.calibrators:Isotonic", "any rising curve (Zadrozny and Elkan 2002)"),
        "temperature": Part("manylabel.decide.calibrators:Temperature", "logits divided by a number (Guo et al. 2017)"),
    },
)

__all__ = ["CALIBRATORS", "METHODS"]
