"""The stages that the training of a network can consist of, as the list ``stages`` names them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, field_validator

from manylabel.core.config import Section
from manylabel.core.table import OneOf, Part, Table, section_of
from manylabel.data.sampling import SAMPLERS
from manylabel.nn.losses import LOSSES


class TrainingStage(Section):
    """What stages that train the classifier have in common."""

    train: dict[str, Any] = Field(default={}, description="Options of train that are different in this stage.")
    sampling: Annotated[SerializeAsAny[Section], OneOf(SAMPLERS)] | None = Field(
        default=None, description="Which documents an epoch consists of; by default as in the model."
    )
    loss: Annotated[SerializeAsAny[Section], OneOf(LOSSES)] | None = Field(
        default=None, description="By default that of the model."
    )

    @field_validator("sampling", "loss", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: Any) -> Any:
        return None if value is None else section_of(value, SAMPLERS if info.field_name == "sampling" else LOSSES)


class WholeStage(TrainingStage):
    """Train encoder and head together."""

    kind: Literal["whole"] = "whole"
    frozen_layers: int = Field(
        default=0, ge=0, description="Lowest layers of the encoder that stay as they are in this stage."
    )


class HeadStage(TrainingStage):
    """Train the head alone, on an encoder that stays as it is."""

    kind: Literal["head"] = "head"
    fresh: bool = Field(default=False, description="Begin with a new head in place of what was learned so far.")


class MaskedLanguageStage(Section):
    """Train the encoder to guess masked tokens of the training texts, without labels (Devlin et al. 2019, 3.1)."""

    kind: Literal["masked-language"] = "masked-language"
    train: dict[str, Any] = Field(default={}, description="Options of train that are different in this stage.")
    mask_share: float = Field(default=0.15, gt=0, lt=1, description="Share of the tokens that are to be guessed.")
    texts: tuple[str, ...] = Field(
        default=(), description="Files of documents whose texts are learned from too; they need no labels."
    )


class TauStage(Section):
    """Divide the classifier of every label by the power tau of its length (Kang et al. 2020, tau-normalisation)."""

    kind: Literal["tau-normalisation"] = "tau-normalisation"
    tau: float = Field(default=0.5, gt=0, le=1, description="0 would change nothing, 1 makes all equally long.")


_HERE = "manylabel.models.network.stages_config"
_THERE = "manylabel.models.network.stages"
NETWORK_STAGES = Table(
    "stage",
    {
        "whole": Part(
            target=f"{_THERE}:train_whole",
            section=f"{_HERE}:WholeStage",
            summary="Train encoder and head together.",
        ),
        "head": Part(
            target=f"{_THERE}:train_head",
            section=f"{_HERE}:HeadStage",
            summary="Train the head alone, on an encoder that stays as it is.",
        ),
        "masked-language": Part(
            target=f"{_THERE}:train_masked_language",
            section=f"{_HERE}:MaskedLanguageStage",
            summary="Train the encoder to guess masked tokens, without labels.",
        ),
        "tau-normalisation": Part(
            target=f"{_THERE}:normalise",
            section=f"{_HERE}:TauStage",
            summary="Divide classifiers by a power of their lengths: frequent labels lose their advantage.",
        ),
    },
)
