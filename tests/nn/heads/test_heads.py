"""Every head of the table keeps the contract: padding, batches, shortlists, sizes."""

import pytest
import torch

from manylabel.nn.heads import HEADS
from manylabel.nn.inputs import States

CASES = {
    "linear": {},
    "linear, hidden": {"hidden_dim": 5},
    "linear, sparse": {"sparse": True},
    "tiled-linear": {"labels_at_once": 4},
    "tiled-linear, hidden": {"hidden_dim": 5, "precision": "bfloat16"},
    "label-attention": {},
    "label-attention, shared": {"output": "shared", "hidden_dims": [7, 5]},
    "label-attention, sparse": {"sparse": True},
    "convolution": {"filters": 3},
    "convolution, hidden": {"filters": 3, "filter_sizes": [1, 5], "labels": {"hidden_dim": 4}},
    "caml": {"filter_size": 3, "filters": 6},
    "caml, even": {"filter_size": 4, "filters": 6, "labels": {"output": "shared"}},
    "prototype": {"prototypes": 3, "hidden_dim": 4},
    "prototype, sparse": {"prototypes": 3, "hidden_dim": 4, "sparse": True},
}
WIDTH = 6


def head(case, n_labels=11, seed=0):
    kind = case.partition(",")[0]
    torch.manual_seed(seed)
    made = HEADS.load(kind)(HEADS.section(kind).parse(CASES[case]), WIDTH, WIDTH, n_labels)
    with torch.no_grad():
        made.bias.uniform_(-1, 1)
    return made.eval()


def states(lengths, width=None, seed=0, dim=WIDTH):
    """States of documents of these lengths, padded to a width."""
    generator = torch.Generator().manual_seed(seed)
    width = width or max(lengths)
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    tokens = torch.zeros(len(lengths), width, dim)
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randn(length, dim, generator=generator)
    return States(tokens, mask, tokens.sum(dim=1))


every_head = pytest.mark.parametrize("case", CASES)


def test_every_head_of_the_table_has_a_case():
    assert {case.partition(",")[0] for case in CASES} == set(HEADS)


@every_head
def test_padding_and_the_rest_of_the_batch_change_nothing(case):
    made = head(case)
    together = made(states([3, 7, 1, 5], width=9))
    for row, length in enumerate([3, 7, 1, 5]):
        whole = states([3, 7, 1, 5])
        alone = States(whole.tokens[row : row + 1, :length], whole.mask[row : row + 1, :length], whole.pooled[[row]])
        torch.testing.assert_close(made(alone)[0], together[row], atol=1e-5, rtol=0)


@every_head
def test_a_shortlist_is_the_columns_of_the_whole(case):
    made, given = head(case), states([3, 7, 1])
    whole = made(given)
    everything = torch.arange(11).expand(3, 11)
    torch.testing.assert_close(made(given, everything), whole, atol=1e-6, rtol=0)
    some = torch.randint(0, 11, (3, 6), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(made(given, some), whole.gather(1, some), atol=1e-6, rtol=0)
    some[1, 4:] = -1
    padded = made(given, some)
    assert padded.isfinite().all()
    torch.testing.assert_close(padded[some >= 0], whole.gather(1, some.clamp(min=0))[some >= 0], atol=1e-6, rtol=0)


@every_head
def test_pieces_without_gradient_equal_the_whole_with_it(case, monkeypatch):
    for name in ("label_attention", "prototype"):
        monkeypatch.setattr(f"manylabel.nn.heads.{name}._CELLS_AT_ONCE", 60)
    made, given = head(case), states([3, 7, 1])
    some = torch.arange(10).expand(3, 10)
    with torch.no_grad():
        pieces, short = made(given), made(given, some)
    torch.testing.assert_close(pieces, made(given), atol=1e-6, rtol=0)
    torch.testing.assert_close(short, made(given, some), atol=1e-6, rtol=0)


@every_head
@pytest.mark.parametrize(("lengths", "n_labels"), [([1], 1), ([1], 5), ([4, 2], 1), ([3], 50_000)])
def test_extreme_sizes(case, lengths, n_labels):
    made = head(case, n_labels)
    with torch.no_grad():
        scores = made(states(lengths))
    assert scores.shape == (len(lengths), n_labels)
    assert scores.isfinite().all()
    assert made(states(lengths), torch.zeros((len(lengths), 0), dtype=torch.long)).shape == (len(lengths), 0)


@every_head
def test_every_parameter_learns_and_only_the_shortlist_does(case):
    made, given = head(case), states([5, 7])
    ids = torch.tensor([[1, 4, -1], [4, 9, 2]])
    mask = ids >= 0
    (made(given, ids) * mask).square().sum().backward()
    own = made.moved() if made.moves_itself else {}
    for name, parameter in made.named_parameters():
        if name in own:
            assert not parameter.requires_grad
            continue
        assert parameter.grad is not None, name
        gradient = parameter.grad.coalesce() if parameter.grad.is_sparse else parameter.grad
        if parameter.shape[0] == 11 and parameter.dim() == 2 and name.startswith(("labels", "queries", "mixture")):
            dense = gradient.to_dense() if gradient.is_sparse else gradient
            moved = set(dense.abs().sum(dim=1).nonzero().flatten().tolist())
            assert moved == {1, 2, 4, 9}, name
            assert gradient.is_sparse == ("sparse" in case)


@every_head
def test_label_weights_have_a_row_for_each_label(case):
    weights = head(case).label_weights()
    assert isinstance(weights, torch.nn.Parameter)
    assert weights.shape[0] == 11
    classifiers = head(case).classifiers()
    assert (classifiers is None) == ("shared" in case or case == "caml, even")
    assert classifiers is None or classifiers.shape[0] == 11


def test_label_attention_equals_the_formula_written_out():
    """Context first, then the output, as the papers have it."""
    given = states([4, 2])
    made = head("label-attention, shared")
    whole = made(given)
    for row, length in enumerate([4, 2]):
        tokens = given.tokens[row, :length]
        for label in range(11):
            weights = torch.softmax(tokens @ made.queries.weight[label], dim=0)
            context = weights @ tokens
            for layer in made.shared[:-1]:
                context = layer(context).relu()
            expected = made.shared[-1](context) + made.bias[label]
            torch.testing.assert_close(whole[row, label], expected[0], atol=1e-5, rtol=0)
    made = head("label-attention")
    whole = made(given)
    for row, length in enumerate([4, 2]):
        tokens = given.tokens[row, :length]
        context = torch.softmax(made.queries.weight @ tokens.T, dim=1) @ tokens
        expected = (context * made.labels.weight).sum(dim=1) + made.bias
        torch.testing.assert_close(whole[row], expected, atol=1e-5, rtol=0)


def test_prototypes_equal_the_formula_written_out():
    given, made = states([4, 2]), head("prototype")
    whole = made(given)
    for row, length in enumerate([4, 2]):
        tokens = given.tokens[row, :length]
        read = made.values(torch.softmax(made.prototypes.weight @ tokens.T, dim=1) @ tokens)
        for label in range(11):
            mixture = torch.softmax(made.mixture.weight[label], dim=0)
            expected = mixture @ (read @ made.labels.weight[label]) + made.bias[label]
            torch.testing.assert_close(whole[row, label], expected, atol=1e-5, rtol=0)
