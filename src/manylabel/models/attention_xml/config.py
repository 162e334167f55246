"""The options of `attention-xml`: they are read and checked without torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.core.config import Section
from manylabel.core.table import OneOf, Table, section_of
from manylabel.models.network.config import section_of_train
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.heads import HEADS
from manylabel.nn.losses import LOSSES
from manylabel.text.tfidf_config import TfidfConfig
from manylabel.train.config import TrainConfig


class ClusteringConfig(Section):
    """How labels are put into clusters, and these into larger ones."""

    cluster_size: int = Field(
        default=8, ge=1, description="Labels of a cluster at most; makes two levels, clusters and labels."
    )
    clusters: tuple[int, ...] | None = Field(
        default=None,
        min_length=1,
        description="Numbers of clusters of each level above the labels, in place of cluster_size; each is raised to a "
        "power of two.",
    )
    label_features: Literal["pifa", "text", "mixed"] = Field(
        default="pifa",
        description="What is clustered: the mean of a label's documents, its own text, or both side by side.",
    )
    features: TfidfConfig = Field(default=TfidfConfig(), description="How texts become what is clustered.")

    @field_validator("clusters")
    @classmethod
    def _growing(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (min(value) < 1 or sorted(set(value)) != list(value)):
            raise ValueError(f"numbers of clusters must grow from level to level, these do not: {list(value)}")
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        # A saved configuration holds every field: one that says what it would without it is not taken for a wish.
        if self.clusters is not None and self.cluster_size != type(self).model_fields["cluster_size"].default:
            raise ValueError("give cluster_size or clusters, not both")
        return self

    def counts(self, n_labels: int) -> tuple[int, ...]:
        """Clusters of each level above the labels, powers of two; none where they would not be fewer than labels."""
        wanted = self.clusters or (-(-n_labels // self.cluster_size),)
        powers = sorted({1 << max(count - 1, 0).bit_length() for count in wanted})
        return tuple(count for count in powers if 1 < count < n_labels)


class AttentionXMLConfig(Section):
    """Options of `attention-xml`. Wherever a part is named, a bare string is its kind."""

    kind: Literal["attention-xml"] = "attention-xml"
    encoder: Annotated[SerializeAsAny[Section], OneOf(ENCODERS)] = Field(
        default_factory=lambda: section_of("bilstm", ENCODERS), description="What makes states of texts."
    )
    head: Annotated[SerializeAsAny[Section], OneOf(HEADS)] = Field(
        default_factory=lambda: section_of({"kind": "label-attention", "output": "shared"}, HEADS),
        description="What makes scores of states; at the lower levels of a few candidates alone.",
    )
    loss: Annotated[SerializeAsAny[Section], OneOf(LOSSES)] = Field(
        default_factory=lambda: section_of("bce", LOSSES),
        description="What is made small. Probabilities are multiplied down the tree, so it judges each label alone.",
    )
    clustering: ClusteringConfig = Field(default=ClusteringConfig(), description="The label tree.")
    beam_width: int = Field(default=64, ge=1, description="Clusters of a document whose children are scored.")
    training_beam_width: int | None = Field(
        default=None,
        ge=1,
        description="Clusters of a document that the next level is trained below: its own, then the best predicted; as "
        "many as beam_width if not given.",
    )
    training: Literal["level-by-level", "together"] = Field(
        default="level-by-level",
        description="A network for each level, trained one after the other, or one encoder with a head for each level, "
        "all of them trained in the same steps.",
    )
    trees: int = Field(
        default=1, ge=1, description="Trees with networks of their own whose probabilities are averaged."
    )
    levels: tuple[dict[str, Any], ...] = Field(
        default=(), description="Options of train that are different at each level, the uppermost first."
    )
    train: TrainConfig = Field(default=TrainConfig(), description="How the levels are trained.")
    seed: int = Field(default=0, ge=0, description="Of clusters, random weights, order and dropout.")

    @field_validator("encoder", "head", "loss", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: Any) -> Any:
        return section_of(value, _TABLES[info.field_name])

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if getattr(self.loss, "uses_documents", False):
            kind = getattr(self.loss, "kind", "")
            raise ValueError(f"the loss {kind} compares vectors of documents: it is for dual-encoder")
        if getattr(self.loss, "score_kind", "") != "probability" or getattr(self.loss, "kind", "") == "softmax":
            raise ValueError(f"the loss {getattr(self.loss, 'kind', '')} makes no probability of each label by itself")
        if getattr(self.head, "moves_itself", False):
            raise ValueError(f"the head {getattr(self.head, 'kind', '')} is trained on all labels, not on shortlists")
        if self.levels and self.training == "together":
            raise ValueError("levels: all levels are trained in the same steps, by the options of train alone")
        for number, changes in enumerate(self.levels):
            section_of_train(self.train, changes, at=f"levels.{number}")
        return self

    def train_of(self, level: int) -> TrainConfig:
        """How a level is trained: as the model, but for what its entry says."""
        return section_of_train(self.train, self.levels[level] if level < len(self.levels) else {})


_TABLES: dict[str, Table] = {"encoder": ENCODERS, "head": HEADS, "loss": LOSSES}
