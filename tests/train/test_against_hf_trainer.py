"""The same training by Hugging Face's Trainer: from the same weights, on the same batches, by the same options.

Their schedule begins at a rate of 0; ours completes a share of the rise with every step, so that no step is lost. Where
rates rise, theirs is therefore taken one step ahead; all else is as they have it.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from encoder_cases import WORDS, needs_transformers, save_model
from manylabel import Network
from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace

N, L = 37, 5
TRAIN = {
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "weight_decay": 1.0,
    "max_grad_norm": 1.2,
    # A key's bias changes no attention, so that its gradient is rounding alone; the usual 1e-8 would let it walk.
    "adam_epsilon": 1e-5,
    "early_stopping": None,
    "validation": 0,
    "train_metrics_documents": 0,
    "device": "cpu",
}
pytestmark = needs_transformers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("hf") / "bert")


@pytest.fixture(scope="module")
def corpus():
    from scipy.sparse import csr_matrix

    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, random.integers(1, 12))) for _ in range(N)]
    positives = np.array([[word in text for word in WORDS[:L]] for text in texts])
    return Corpus(texts, csr_matrix(positives), LabelSpace([f"l{label}" for label in range(L)]))


def trained_by_us(folder, corpus, monkeypatch, **options):
    """The task after its training, the classifier before, and the rows and the loss of every batch."""
    from manylabel.models.network import stages

    found = SimpleNamespace(rows=[], losses=[])

    def watched(task, config, **more):
        collate = task.collate

        def listed(rows, random):
            found.rows.append(rows.tolist())
            return collate(rows, random)

        found.network, task.collate = task.network, listed
        found.before = {name: value.clone() for name, value in task.network.head.state_dict().items()}
        task.register_forward_hook(lambda module, given, losses: found.losses.append(losses.mean().item()))
        return train(task, config, **more)

    train = stages.train
    monkeypatch.setattr(stages, "train", watched)
    encoder = {"kind": "transformer", "model": str(folder), "dropout": 0.0}
    head = {"kind": "linear", "dropout": 0.0}
    Network(encoder=encoder, head=head, loss="bce", train={**TRAIN, **options}).fit(corpus)
    return found


def model_of_theirs(folder, before):
    """The model as one writes it for their trainer, with a classifier to begin with."""
    import torch
    from torch import nn
    from transformers import BertModel

    from manylabel.nn.hugging_face import quiet

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
            with quiet():
                self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False, **none)
            self.classifier = nn.Linear(self.bert.config.hidden_size, L)
            self.losses = []

        def forward(self, input_ids, attention_mask, labels):
            states = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            loss = nn.functional.binary_cross_entropy_with_logits(self.classifier(states[:, 0]), labels)
            self.losses.append(loss.item())
            return {"loss": loss}

    model = Model()
    with torch.no_grad():
        model.classifier.weight.copy_(before["labels.weight"])
        model.classifier.bias.copy_(before["bias"])
    return model


def collator(folder, corpus):
    """Makes a batch for their model of a list with one list of rows."""
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)

    def collate(batches):
        (rows,) = batches
        batch = tokenizer([corpus.texts[row] for row in rows], padding=True, return_tensors="pt")
        labels = torch.from_numpy(corpus.positives[rows].toarray().astype(np.float32))
        return {name: batch[name] for name in ("input_ids", "attention_mask")} | {"labels": labels}

    return collate


def ahead_where_it_rises(scheduler, steps):
    """Their schedule, one step ahead in the first so many steps."""
    from torch.optim.lr_scheduler import LambdaLR

    (factor, *_) = scheduler.lr_lambdas
    return LambdaLR(scheduler.optimizer, lambda step: factor(step + 1 if step < steps else step))


def trained_by_them(model, batches, collate, output, **options):
    """Their trainer after the training of a model on batches as they come."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Adjusted(Trainer):
        def create_scheduler(self, num_training_steps, optimizer=None):
            made = super().create_scheduler(num_training_steps, optimizer)
            self.lr_scheduler = ahead_where_it_rises(made, self.args.warmup_steps)
            return self.lr_scheduler

    arguments = TrainingArguments(
        output_dir=str(output),
        num_train_epochs=1,
        per_device_train_batch_size=1,  # a batch of ours is one of their examples
        train_sampling_strategy="sequential",
        lr_scheduler_type="linear",
        **{name: TRAIN[name] for name in ("learning_rate", "weight_decay", "max_grad_norm", "adam_epsilon")},
        remove_unused_columns=False,
        use_cpu=True,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        **options,
    )
    trainer = Adjusted(model=model, args=arguments, train_dataset=batches, data_collator=collate)
    with torch.random.fork_rng():
        trainer.train()
    return trainer


@pytest.mark.parametrize(
    ("documents", "ours", "theirs"),
    [
        (N, {"warmup_ratio": 0.0}, {}),  # the last batch of an epoch is a small one
        (N, {"warmup_ratio": 0.2}, {"warmup_steps": 3}),
        (32, {"gradient_accumulation_steps": 2, "warmup_ratio": 0.0}, {"gradient_accumulation_steps": 2}),
    ],
    ids=["plain", "warm-up", "accumulation"],
)
def test_every_loss_and_the_last_weights_are_theirs(documents, ours, theirs, folder, corpus, monkeypatch, tmp_path):
    pytest.importorskip("accelerate")
    import torch

    corpus = corpus.select(np.arange(documents))
    our = trained_by_us(folder, corpus, monkeypatch, **ours)
    model = model_of_theirs(folder, our.before)
    trainer = trained_by_them(model, our.rows, collator(folder, corpus), tmp_path, **theirs)
    assert len(our.losses) == len(model.losses) == 3 * -(-documents // 8)
    assert our.losses == pytest.approx(model.losses, rel=1e-4)
    cut = {line["grad_norm"] > TRAIN["max_grad_norm"] for line in trainer.state.log_history if "grad_norm" in line}
    assert cut == {True, False}, "some gradients shall be cut, and some not"
    weights = our.network.encoder.model.state_dict()
    assert weights.keys() == model.bert.state_dict().keys()
    for name, value in model.bert.state_dict().items():
        torch.testing.assert_close(weights[name], value, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(our.network.head.labels.weight, model.classifier.weight, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(our.network.head.bias, model.classifier.bias, atol=1e-4, rtol=1e-4)


def test_what_decays_is_what_decays_with_them(folder, corpus, monkeypatch, tmp_path):
    pytest.importorskip("accelerate")
    import torch
    from transformers import Trainer, TrainingArguments

    from manylabel.train.config import TrainConfig
    from manylabel.train.optimisers import Optimisers
    from manylabel.train.task import ParameterGroup

    model = model_of_theirs(folder, trained_by_us(folder, corpus, monkeypatch, epochs=1).before)
    trainer = Trainer(model=model, args=TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none"))
    optimisers = Optimisers([ParameterGroup(model, 0.1)], TrainConfig(weight_decay=0.5))
    for parameter in model.parameters():
        parameter.data.fill_(1.0)
        parameter.grad = torch.zeros_like(parameter)
    optimisers.step(1.0, torch.amp.GradScaler("cpu", enabled=False))
    decayed = {name for name, parameter in model.named_parameters() if (parameter < 1.0).all()}
    assert decayed == set(trainer.get_decay_parameter_names(model))
    assert 0 < len(decayed) < len(list(model.parameters()))
