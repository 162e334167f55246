"""The section ``train``: how a network is trained, under the names that Hugging Face's trainer has for the same."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section, Shorthand
from manylabel.core.errors import ConfigError

LOSS = "loss"
ADAPTIVE = "adaptive"


class EarlyStopping(Section):
    """Which epoch is kept, and when to stop. A bare string stands for the metric."""

    metric: str = Field(
        default="nDCG@5",
        description="By which the best epoch is kept, on the validation part: any metric, or loss (the lowest).",
    )
    patience: int | None = Field(
        default=5, ge=1, description="Stop after so many epochs without a better one; null trains all epochs."
    )

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        from manylabel.metrics.names import parse_metric

        try:
            return LOSS if value == LOSS else str(parse_metric(value))
        except ConfigError as error:
            raise ValueError(str(error)) from None


class Averaging(Section):
    """The mean of the weights of many steps, which is measured and kept in their place. A bare string is the kind."""

    kind: Literal["ema", "swa"] = Field(
        default="ema",
        description="Exponential moving average of every step, or stochastic weight averaging: the plain mean "
        "(Izmailov et al. 2018) of every so many steps.",
    )
    decay: float = Field(default=0.999, gt=0, lt=1, description="Of ema, lower at the beginning.")
    start_epoch: int = Field(default=1, ge=1, description="Of swa: the epoch in which it begins.")
    every: int = Field(default=100, ge=1, description="Of swa: steps from one set of weights to the next.")

    @model_validator(mode="after")
    def _only_its_own(self) -> Self:
        foreign = {"ema": {"start_epoch", "every"}, "swa": {"decay"}}[self.kind] & self.model_fields_set
        if foreign and any(getattr(self, name) != type(self).model_fields[name].default for name in foreign):
            raise ValueError(f"{self.kind} has no option {sorted(foreign)[0]}")
        return self


class TrainConfig(Section):
    """How a network is trained."""

    epochs: int = Field(default=20, ge=1, description="Passes over the training documents at most.")
    batch_size: int = Field(default=32, ge=1, description="Documents that pass through the network together.")
    gradient_accumulation_steps: int = Field(
        default=1, ge=1, description="Batches whose gradients are added up before the weights move."
    )
    learning_rate: float | None = Field(
        default=None, gt=0, description="Largest rate; by default 5e-5 for pretrained encoders, else 1e-3."
    )
    head_learning_rate: float | None = Field(
        default=None,
        gt=0,
        description="Of the head, which begins at random; by default learning_rate where that is given, else 1e-3.",
    )
    layer_decay: float = Field(
        default=1.0, gt=0, le=1, description="The rate of each encoder layer is this much of that of the one above."
    )
    optim: Literal["adamw", "adam", "sgd"] = Field(
        default="adamw", description="Optimiser. Gradients of single rows (sparse: true) get lazy Adam or plain SGD."
    )
    weight_decay: float = Field(default=0.01, ge=0, description="Of matrices; biases and norms have none.")
    adam_beta1: float = Field(default=0.9, ge=0, lt=1, description="Of adam and adamw.")
    adam_beta2: float = Field(default=0.999, ge=0, lt=1, description="Of adam and adamw.")
    adam_epsilon: float = Field(default=1e-8, gt=0, description="Of adam and adamw.")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of sgd.")
    lr_scheduler_type: Literal["linear", "cosine", "constant", "plateau"] = Field(
        default="linear", description="How the rate falls: to 0 at the end, never, or when validation stands still."
    )
    warmup_ratio: float = Field(default=0.06, ge=0, lt=1, description="Share of all steps in which the rate rises.")
    plateau_factor: float = Field(default=0.5, gt=0, lt=1, description="Of plateau: what the rate is multiplied by.")
    plateau_patience: int = Field(default=1, ge=0, description="Of plateau: epochs without a better one before that.")
    max_grad_norm: Annotated[float, Field(gt=0)] | Literal["adaptive"] | None = Field(
        default=1.0,
        description="Gradients are cut to this norm; adaptive: to 5 times the largest of the last 5 (AttentionXML); "
        "null: never.",
    )
    bf16: bool = Field(default=False, description="Compute in bfloat16 where that is enough.")
    fp16: bool = Field(default=False, description="Compute in float16 with scaled gradients; on a GPU only.")
    group_by_length: bool = Field(default=True, description="Documents of like length in one batch: less padding.")
    torch_compile: bool = Field(
        default=False,
        description="Compile the network: for transformers, on a GPU, in long trainings. Convolutions over words are "
        "compiled anew for each length of batches.",
    )
    average: Annotated[Averaging | None, Shorthand("ema", "swa")] = Field(
        default=None, description="Keep the mean of the weights of many steps."
    )
    early_stopping: Annotated[EarlyStopping | None, Shorthand()] = Field(
        default=EarlyStopping(), description="Which epoch is kept, and when to stop; null keeps the last one."
    )
    validation: int | float = Field(
        default=0.1,
        description="Share of the training documents held out for validation, where data.validation names none, or "
        "how many of them, a whole number; 0 for none.",
    )
    train_metrics_documents: int = Field(
        default=1000, ge=0, description="Training documents that metrics are taken on after each epoch; 0 for none."
    )
    checkpoint_seconds: float = Field(
        default=300, ge=0, description="A checkpoint at least this often, beside one after every epoch."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="By default a GPU where there is one.")
    tensorboard: str | None = Field(default=None, description="Folder for TensorBoard's files; none by default.")

    @field_validator("validation", mode="before")
    @classmethod
    def _share_or_number(cls, value: Any) -> Any:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not (value >= 0 and (value < 1 or isinstance(value, int))):
            raise ValueError("a share lies from 0 to below 1, a number of documents is whole")
        if isinstance(value, bool):
            raise ValueError("expected a share or a number of documents")
        return value

    @field_validator("early_stopping", mode="before")
    @classmethod
    def _bare_metric(cls, value: Any) -> Any:
        return {"metric": value} if isinstance(value, str) else value

    @field_validator("average", mode="before")
    @classmethod
    def _bare_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.bf16 and self.fp16:
            raise ValueError("choose one of bf16 and fp16")
        if self.lr_scheduler_type == "plateau" and self.early_stopping is None:
            raise ValueError("the plateau schedule follows early_stopping.metric: name one")
        return self
