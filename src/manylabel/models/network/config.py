"""The options of `network`, apart from the model: they are read and checked without torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.core.config import Section, Shorthand
from manylabel.core.table import OneOf, Table, section_of
from manylabel.data.augment import AUGMENTATIONS
from manylabel.data.sampling import SAMPLERS
from manylabel.data.sampling.negatives import NegativeSampling
from manylabel.models.network.stages_config import NETWORK_STAGES, TrainingStage
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.heads import HEADS
from manylabel.nn.losses import LOSSES
from manylabel.train.config import TrainConfig


class HierarchyConfig(Section):
    """How strongly labels are drawn to their parents; the label file must name these."""

    weights: float = Field(
        default=0.0, ge=0, description="Weight of the squared distance between a label's vector and its parent's."
    )
    scores: float = Field(
        default=0.0, ge=0, description="Weight of how far a label's probability exceeds its parent's."
    )


class NetworkConfig(Section):
    """Options of `network`. Wherever a part is named, a bare string is its kind."""

    kind: Literal["network"] = "network"
    encoder: Annotated[SerializeAsAny[Section], OneOf(ENCODERS)] = Field(
        default_factory=lambda: section_of("cnn", ENCODERS), description="What makes states of texts."
    )
    head: Annotated[SerializeAsAny[Section], OneOf(HEADS)] = Field(
        default_factory=lambda: section_of("label-attention", HEADS), description="What makes scores of states."
    )
    loss: Annotated[SerializeAsAny[Section], OneOf(LOSSES)] = Field(
        default_factory=lambda: section_of("bce", LOSSES), description="What is made small."
    )
    sampling: Annotated[SerializeAsAny[Section], OneOf(SAMPLERS)] = Field(
        default_factory=lambda: section_of("plain", SAMPLERS), description="Which documents an epoch consists of."
    )
    negatives: NegativeSampling | None = Field(
        default=None,
        description="Train on the positives and so many negatives of a document; by default on all labels.",
    )
    augmentation: Annotated[tuple[Annotated[SerializeAsAny[Section], OneOf(AUGMENTATIONS)], ...], Shorthand()] = Field(
        default=(), description="What is done to training texts, one after the other, anew in every epoch."
    )
    label_texts: bool = Field(
        default=False, description="Train on the labels' own texts too, as documents with that one label."
    )
    mixup: float = Field(
        default=0.0,
        ge=0,
        description="Mixes the states of two documents, by a share from Beta(alpha, alpha): its alpha; 0 for none.",
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=0.5,
        description="Share taken from positives; all negatives of a document together get no more than that.",
    )
    r_drop: float = Field(
        default=0.0, ge=0, description="Weight of the difference between two passes; doubles the time. 0 for none."
    )
    hierarchy: HierarchyConfig | None = Field(default=None, description="Draw labels to their parents.")
    initial_bias: Literal["prior", "zero"] = Field(
        default="prior",
        description="Scores begin at how frequent labels are (where scores are probabilities), or at 0.",
    )
    initial_labels: Literal["random", "label-text"] = Field(
        default="random", description="Vectors of labels begin at random, or at the encoder's vectors of their texts."
    )
    stages: Annotated[tuple[Annotated[SerializeAsAny[Section], OneOf(NETWORK_STAGES)], ...], Shorthand()] = Field(
        default_factory=lambda: (section_of("whole", NETWORK_STAGES),),
        min_length=1,
        description="What is trained, one after the other.",
    )
    train: TrainConfig = Field(
        default=TrainConfig(), description="How it is trained, in every stage that says nothing."
    )
    seed: int = Field(default=0, ge=0, description="Of random weights, of the order of documents, of dropout.")

    @field_validator("encoder", "head", "loss", "sampling", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: Any) -> Any:
        return section_of(value, _TABLES[info.field_name])

    @field_validator("augmentation", "stages", mode="before")
    @classmethod
    def _each_of_its_kind(cls, value: Any, info: Any) -> Any:
        values = value if isinstance(value, (list, tuple)) else [value]
        return tuple(section_of(one, _TABLES[info.field_name]) for one in values)

    @field_validator("hierarchy")
    @classmethod
    def _something(cls, value: HierarchyConfig | None) -> HierarchyConfig | None:
        if value is not None and value.weights == value.scores == 0:
            raise ValueError("give weights or scores above 0, or leave it out")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        for loss in [self.loss, *[stage.loss for stage in self.stages if isinstance(stage, TrainingStage)]]:
            if getattr(loss, "uses_documents", False):
                raise ValueError(f"the loss {_kind(loss)} compares vectors of documents: it is for dual-encoder")
            if self.label_smoothing and getattr(loss, "hard_targets", False):
                raise ValueError(f"the loss {_kind(loss)} takes a smoothed negative for a positive: no label_smoothing")
        if self.negatives is not None:
            apart = {
                "mixup": self.mixup > 0,
                "hierarchy": self.hierarchy is not None,
                f"the loss {_kind(self.loss)}": _kind(self.loss) == "softmax",
            }
            for name, used in apart.items():
                if used:
                    raise ValueError(f"{name} needs the scores of all labels: leave negatives out")
        elif _reads_rows(self.head):
            raise ValueError("a sparse head is trained on shortlists: set negatives, or leave head.sparse out")
        for stage in self.stages:
            given = getattr(stage, "train", None)
            train = self.train
            if given:
                train = section_of_train(self.train, given, at=f"stages.{_kind(stage)}.train")
            if getattr(self.head, "moves_itself", False) and isinstance(stage, TrainingStage):
                self._moves_in_place(train, stage.loss or self.loss)
        return self

    def _moves_in_place(self, train: TrainConfig, loss: Section) -> None:
        """Make sure that a head can move its classifiers while a loss is taken back.

        Raises:
            ValueError: it cannot.
        """
        apart = {
            "label_smoothing": self.label_smoothing > 0,
            "r_drop": self.r_drop > 0,
            "mixup": self.mixup > 0,
            "hierarchy": self.hierarchy is not None,
            "negatives": self.negatives is not None,
            "train.fp16": train.fp16,
            "train.gradient_accumulation_steps": train.gradient_accumulation_steps > 1,
            "train.average": train.average is not None,
            "train.torch_compile": train.torch_compile,
        }
        for name, used in apart.items():
            if used:
                raise ValueError(f"the head {_kind(self.head)} moves its classifiers tile by tile: leave {name} out")
        if getattr(loss, "reduction", "sum") == "mean":
            raise ValueError(
                f"the head {_kind(self.head)} learns by plain gradients, which a mean over all labels makes too small: "
                f"set loss: {{kind: {_kind(loss)}, reduction: sum}}"
            )

    def train_of(self, stage: Section) -> TrainConfig:
        """How a stage is trained: as the model, but for what the stage says itself."""
        return section_of_train(self.train, getattr(stage, "train", {}))


_TABLES: dict[str, Table] = {
    "encoder": ENCODERS,
    "head": HEADS,
    "loss": LOSSES,
    "sampling": SAMPLERS,
    "augmentation": AUGMENTATIONS,
    "stages": NETWORK_STAGES,
}


def section_of_train(base: TrainConfig, changes: dict[str, Any], *, at: str = "train") -> TrainConfig:
    """The section with some fields replaced.

    Args:
        base: of the model.
        changes: of a stage.
        at: the path of the changes, put before each mistake in them.

    Raises:
        ValueError: a field that there is not, or a value that cannot be.
    """
    from manylabel.core.errors import ConfigError

    try:
        return base.with_values(**changes) if changes else base
    except ConfigError as error:
        raise ValueError(f"{at}.{str(error).removeprefix('configuration: ')}") from None


def _kind(section: Section) -> str:
    return getattr(section, "kind", "")


def _reads_rows(section: Section) -> bool:
    return bool(getattr(section, "sparse", False) or getattr(getattr(section, "labels", None), "sparse", False))
