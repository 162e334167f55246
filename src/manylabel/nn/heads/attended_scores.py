"""Scores of labels that attend to tokens, through one hidden layer that all labels share; made for processors.

What label attention makes on the way, the attention ``[B, C, T]`` and the contexts ``[B, C, h]`` of hundreds or
thousands of labels, is far larger than what goes in and comes out, and writing it to memory and reading it again takes
longer than making it. Here both are made in pieces that stay in the cache, used, and made again for the gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from manylabel.nn.heads.rows import distinct_rows, gradient_of_rows
from manylabel.nn.inputs import States

_NUMBERS = 1 << 18
"""Of the contexts of a piece, and of the products of its labels with its tokens: a megabyte each."""


@dataclass(frozen=True)
class Queries:
    """What labels ask tokens for.

    Attributes:
        table: floats ``[L, d]``.
        label_ids: int64 ``[B, C]``, a shortlist for each document, negative numbers are padding; None: all labels.
        sparse: whether the table's gradient is of the rows that are read alone.
    """

    table: Tensor
    label_ids: Tensor | None
    sparse: bool


def attended_scores(states: States, values: Tensor, queries: Queries, output: Tensor) -> Tensor:
    """``s_l = w . relu(sum_t a_lt v_t)``, with ``a_l`` the softmax over tokens of ``q_l . h_t``.

    Args:
        states: of B documents, h.
        values: floats ``[B, T, h]``, v: the hidden layer before its ReLU, of each token.
        queries: q.
        output: floats ``[h]``, w.

    Returns:
        Floats ``[B, L]`` or ``[B, C]``; those of padding are zero.
    """
    tokens, values = states.tokens[states.mask], values[states.mask]
    if torch.is_autocast_enabled(tokens.device.type):
        half = torch.get_autocast_dtype(tokens.device.type)
        tokens, values, output = tokens.to(half), values.to(half), output.to(half)
    elif values.dtype != tokens.dtype:
        tokens, values, output = tokens.float(), values.float(), output.float()
    begins = [0, *states.mask.sum(dim=1).cumsum(0).tolist()]
    return _AttendedScores.apply(tokens, values, output, queries.table, queries.label_ids, queries.sparse, begins)  # type: ignore[return-value]


@dataclass(frozen=True)
class _Piece:
    """Some labels and the documents that are asked by all of them.

    Attributes:
        labels: a slice of the table, or the rows that the one document of the piece asks for.
        columns: of scores, where these labels stand.
        first: of the documents.
        bounds: tokens of the documents, one more than there are documents.
    """

    labels: slice | Tensor
    columns: slice | Tensor
    first: int
    bounds: list[int]

    @property
    def tokens(self) -> slice:
        return slice(self.bounds[0], self.bounds[-1])

    def documents(self) -> Iterator[tuple[int, slice, slice]]:
        """Each document with its tokens, among all and within the piece."""
        for number, (begin, stop) in enumerate(zip(self.bounds, self.bounds[1:], strict=False)):
            yield self.first + number, slice(begin, stop), slice(begin - self.bounds[0], stop - self.bounds[0])


class _Workspace:
    """Memory that pieces use one after the other: to get it anew takes as long as what is written there."""

    def __init__(self, like: Tensor) -> None:
        self._like, self._held = like, {}

    def get(self, name: str, rows: int, columns: int) -> Tensor:
        held = self._held.get(name)
        if held is None or held.numel() < rows * columns:
            held = self._held[name] = self._like.new_empty(rows * columns)
        return held[: rows * columns].view(rows, columns)


class _AttendedScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        tokens: Tensor,
        values: Tensor,
        output: Tensor,
        table: Tensor,
        label_ids: Tensor | None,
        sparse: bool,
        begins: list[int],
    ) -> Tensor:
        space = _Workspace(tokens)
        width = table.shape[0] if label_ids is None else label_ids.shape[1]
        scores = torch.zeros(len(begins) - 1, width, dtype=tokens.dtype, device=tokens.device)
        with torch.autocast(tokens.device.type, enabled=False):
            for piece in _pieces(begins, table.shape[0], values.shape[1], label_ids):
                _, asked = _ask(piece, table, tokens, space)
                for document, own, within in piece.documents():
                    contexts = _contexts(_shares(asked[within], space), values[own], space)
                    scores[document, piece.columns] = torch.mv(contexts.relu_(), output)
        ctx.save_for_backward(tokens, values, output, table, scores)
        ctx.label_ids, ctx.sparse, ctx.begins = label_ids, sparse, begins
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        # With M = (contexts > 0), scores are sum_t a_lt p_lt, p = M (w * v)^T: so p is the gradient of the attention,
        # and that of v follows from r = (a * gradient)^T M, without contexts' gradients of their own.
        tokens, values, output, table, scores = ctx.saved_tensors
        space, label_ids = _Workspace(tokens), ctx.label_ids
        weighted = values * output
        of_tokens, of_values = torch.zeros_like(tokens), torch.zeros_like(values)
        if label_ids is None:
            rows, places = None, None
            of_table = torch.zeros(table.shape, dtype=torch.float32, device=table.device)
        else:
            rows, places = distinct_rows(label_ids.clamp(min=0), len(table))
            of_table = torch.zeros(len(rows), table.shape[1], dtype=torch.float32, device=table.device)
        with torch.autocast(tokens.device.type, enabled=False):
            for piece in _pieces(ctx.begins, table.shape[0], values.shape[1], label_ids):
                queries, asked = _ask(piece, table, tokens, space)
                for document, own, within in piece.documents():
                    shares = _shares(asked[within], space)
                    contexts = _contexts(shares, values[own], space)
                    torch.gt(contexts, 0, out=contexts)
                    answers = space.get("answers", *shares.shape)
                    torch.mm(weighted[own], contexts.T, out=answers)
                    shares.mul_(gradient[document, piece.columns])
                    of_values[own].addmm_(shares, contexts)
                    torch.mul(answers.sub_(scores[document, piece.columns]), shares, out=asked[within])
                of_tokens[piece.tokens].addmm_(asked, queries)
                if places is None:
                    _add_product(of_table[piece.labels], asked.T, tokens[piece.tokens])
                else:
                    found = space.get("rows", asked.shape[1], table.shape[1])
                    torch.mm(asked.T, tokens[piece.tokens], out=found)
                    of_table.index_add_(0, places[piece.first, piece.columns], found.float())
        of_output = (of_values * values).sum(dim=0)
        of_values *= output
        if rows is not None:
            if rows.numel() and not (label_ids == rows[0]).any():  # padding alone read it
                rows, of_table = rows[1:], of_table[1:]
            of_table = gradient_of_rows(table, rows, of_table, sparse=ctx.sparse)
        return of_tokens, of_values, of_output, of_table, None, None, None


def _pieces(begins: list[int], n_labels: int, width: int, label_ids: Tensor | None) -> Iterator[_Piece]:
    if label_ids is not None:
        for document, own in enumerate(label_ids):
            there = own >= 0
            columns = slice(None) if bool(there.all()) else there.nonzero().squeeze(1)
            if len(own[columns]):
                yield _Piece(own[columns], columns, document, begins[document : document + 2])
        return
    labels = min(n_labels, max(1, _NUMBERS // width))
    tokens = max(1, _NUMBERS // max(labels, 1))
    first = 0
    while first + 1 < len(begins):
        last = first + 1
        while last + 1 < len(begins) and begins[last + 1] - begins[first] <= tokens:
            last += 1
        for at in range(0, n_labels, max(labels, 1)):
            part = slice(at, min(at + labels, n_labels))
            yield _Piece(part, part, first, begins[first : last + 1])
        first = last


def _ask(piece: _Piece, table: Tensor, tokens: Tensor, space: _Workspace) -> tuple[Tensor, Tensor]:
    """The queries of a piece ``[C, d]`` and their products with its tokens ``[T, C]``."""
    own = tokens[piece.tokens]
    if isinstance(piece.labels, slice):
        queries = table.detach()[piece.labels].to(tokens.dtype)
    else:
        queries = space.get("queries", len(piece.labels), table.shape[1])
        if table.dtype == tokens.dtype:
            torch.index_select(table.detach(), 0, piece.labels, out=queries)
        else:
            queries.copy_(table.detach()[piece.labels])
    asked = space.get("asked", len(own), len(queries))
    torch.mm(own, queries.T, out=asked)
    return queries, asked


def _shares(asked: Tensor, space: _Workspace) -> Tensor:
    # Along the first dimension: along the last, torch takes ten times as long for documents of a few tokens.
    shares = space.get("shares", *asked.shape)
    if asked.dtype.itemsize >= torch.float32.itemsize:
        return torch.softmax(asked, 0, out=shares)  # type: ignore[call-overload]
    # In half precision sums over thousands of tokens would lose the small ones.
    return shares.copy_(torch.softmax(asked, 0, dtype=torch.float32))


def _contexts(shares: Tensor, values: Tensor, space: _Workspace) -> Tensor:
    contexts = space.get("contexts", shares.shape[1], values.shape[1])
    torch.mm(shares.T, values, out=contexts)
    return contexts


def _add_product(into: Tensor, left: Tensor, right: Tensor) -> None:
    if into.dtype == left.dtype:
        into.addmm_(left, right)
    else:
        into.add_(left @ right)
