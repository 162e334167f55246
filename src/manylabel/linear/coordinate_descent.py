"""Dual coordinate descent for many linear classifiers that share their documents.

All classifiers of a node of a label tree (or a block of one-versus-rest labels) see the same rows, so they are solved
together: the rows are walked in one shared random order, the margins of all classifiers of a row come from one
vectorised sweep over weights stored as ``[features, classifiers]``, and only classifiers whose dual variable moves
are updated. Classifiers that have converged leave the sweep.

Primal problem of one classifier, with y in {-1, 1} and the cost c_i of a row::

    min_w  1/2 |w|^2 + sum_i c_i * loss(y_i w.x_i),    loss(z) = max(0, 1 - z)^2   or   log(1 + exp(-z))

Sources: Hsieh et al. 2008 (squared hinge, algorithm 1 with projected gradients), Yu, Huang and Lin 2011 (logistic,
section 3.2), as in LIBLINEAR's solvers 1 and 7. Instead of its shrinking, moves smaller than a share of the tolerance
are skipped: that leaves the stopping rule as it is, and makes late passes nearly free of writes.
"""

from __future__ import annotations

import numpy as np

from manylabel.core.compiled import compiled, compiled_fast

SQUARED_HINGE = 0
LOGISTIC = 1

_SKIP_SHARE = 0.1  # of the tolerance: a projected gradient this small moves nothing
_LOGISTIC_NEWTON_STEPS = 20
_NEAREST_TO_ZERO = 1e-26  # share of its cost that a logistic dual variable keeps: margins up to 60
_NEAREST_TO_COST = 1e-6  # the same at its upper end, where single precision resolves less


@compiled_fast
def _sweep_margins(
    features: np.ndarray, values: np.ndarray, weights: np.ndarray, margins: np.ndarray, width: int
) -> None:
    """margins[c] = sum_j values[j] * weights[features[j], c], four rows of weights at a time."""
    for c in range(width):
        margins[c] = 0.0
    j, end = 0, features.shape[0]
    while j + 4 <= end:
        f0, f1, f2, f3 = features[j], features[j + 1], features[j + 2], features[j + 3]
        x0, x1, x2, x3 = values[j], values[j + 1], values[j + 2], values[j + 3]
        for c in range(width):
            margins[c] += x0 * weights[f0, c] + x1 * weights[f1, c] + x2 * weights[f2, c] + x3 * weights[f3, c]
        j += 4
    while j < end:
        f0, x0 = features[j], values[j]
        for c in range(width):
            margins[c] += x0 * weights[f0, c]
        j += 1


@compiled_fast
def _apply_moves(
    features: np.ndarray,
    values: np.ndarray,
    weights: np.ndarray,
    moves: np.ndarray,
    moved: np.ndarray,
    n_moved: int,
    width: int,
) -> None:
    """weights += value * moves, over whole rows where many classifiers moved and single cells where few did."""
    if n_moved * 8 > width:
        for j in range(features.shape[0]):
            x, f = values[j], features[j]
            for c in range(width):
                weights[f, c] += x * moves[c]
    else:
        for m in range(n_moved):
            c = moved[m]
            move = moves[c]
            for j in range(features.shape[0]):
                weights[features[j], c] += move * values[j]


@compiled
def _logistic_move(alpha: float, upper: float, gradient: float, squared_norm: float) -> float:
    """New value of one logistic dual variable in (0, upper).

    Minimises z log z + (upper - z) log(upper - z) + q/2 (z - z_old)^2 + s b (z - z_old) over z by safeguarded Newton
    steps, where z is alpha (s = 1) or upper - alpha (s = -1), whichever end the minimum is nearer to (Yu et al. 2011,
    section 3.2), b = y w.x and q = |x|^2.
    """
    reverse = 0.5 * squared_norm * (upper - 2.0 * alpha) + gradient < 0.0
    least = (_NEAREST_TO_COST if reverse else _NEAREST_TO_ZERO) * upper
    old = max(upper - alpha if reverse else alpha, least)
    linear = -gradient if reverse else gradient
    z = old if upper - old >= 0.5 * upper else 0.1 * old
    slope = squared_norm * (z - old) + linear + np.log(z / (upper - z))
    for _ in range(_LOGISTIC_NEWTON_STEPS):
        if abs(slope) < 1e-6:
            break
        following = z - slope / (squared_norm + upper / ((upper - z) * z))
        z = following if following > 0.0 else 0.1 * z
        z = min(max(z, least), upper - least)
        slope = squared_norm * (z - old) + linear + np.log(z / (upper - z))
    return upper - z if reverse else z


@compiled
def _visit_row(
    margins: np.ndarray,
    duals: np.ndarray,
    signs: np.ndarray,
    costs: np.ndarray,
    row_cost: float,
    squared_norm: float,
    loss: int,
    skip: float,
    highest: np.ndarray,
    lowest: np.ndarray,
    moves: np.ndarray,
    moved: np.ndarray,
) -> int:
    """Decide the moves of all classifiers for one row; returns how many move. `duals` is the row's, changed here."""
    n_moved = 0
    for c in range(margins.shape[0]):
        cost = row_cost * costs[c]
        alpha, sign = duals[c], signs[c]
        moves[c] = np.float32(0.0)
        if cost <= 0:
            continue
        if loss == SQUARED_HINGE:
            diagonal = np.float32(0.5) / cost
            gradient = sign * margins[c] - np.float32(1.0) + alpha * diagonal
            projected = gradient if alpha > 0 else min(gradient, np.float32(0.0))
            highest[c] = max(highest[c], projected)
            lowest[c] = min(lowest[c], projected)
            if abs(projected) > skip:
                new = max(alpha - gradient / (squared_norm + diagonal), np.float32(0.0))
                moves[c] = (new - alpha) * sign
                duals[c] = new
                moved[n_moved] = c
                n_moved += 1
        else:
            linear = sign * margins[c]
            least, most = np.float32(_NEAREST_TO_ZERO) * cost, np.float32(1 - _NEAREST_TO_COST) * cost
            inside = min(max(alpha, least), most)
            slope = np.float32(linear + np.log(inside / (cost - inside)))
            if (slope > 0 and alpha <= 2 * least) or (slope < 0 and alpha >= 2 * most - cost):
                continue  # at an end, and it would go beyond
            highest[c] = max(highest[c], slope)
            lowest[c] = min(lowest[c], slope)
            if abs(slope) > skip:
                new = np.float32(_logistic_move(alpha, cost, linear, squared_norm))
                moves[c] = (new - alpha) * sign
                duals[c] = new
                moved[n_moved] = c
                n_moved += 1
    return n_moved


@compiled
def solve_block(
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    data: np.ndarray,
    n_features: int,
    positive_indptr: np.ndarray,
    positive_columns: np.ndarray,
    positive_weights: np.ndarray,
    row_costs: np.ndarray,
    positive_costs: np.ndarray,
    negative_costs: np.ndarray,
    bias: float,
    loss: int,
    tolerance: float,
    max_iterations: int,
    seed: int,
    initial_duals: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve k classifiers over the same n rows.

    Args:
        indptr: int64 ``[n + 1]``, of the rows in `indices`.
        indices: int32, features numbered from 0 below `n_features`; best with frequent features first.
        starts: int64 ``[n]``, where the values of each row begin in `data`, which need not be a copy in their order.
        data: float32, feature values.
        n_features: width of the rows.
        positive_indptr: int64 ``[n + 1]``.
        positive_columns: int32, the classifiers that each row is a positive example of; all others see a negative.
        positive_weights: float32, a factor on the cost of each positive pair.
        row_costs: float32 ``[n]``, cost of each row (C times the example's weight); 0 leaves a row out.
        positive_costs: float32 ``[k]``, factor on the cost of a classifier's positives.
        negative_costs: float32 ``[k]``, factor on the cost of its negatives.
        bias: float32, value of a constant feature (its weight is regularised like the others); 0 for none.
        loss: SQUARED_HINGE or LOGISTIC.
        tolerance: a classifier stops when its projected gradients lie within a range this wide.
        max_iterations: passes over the rows at most.
        seed: of the order of rows.
        initial_duals: float32 ``[n, k]`` to start from (the second result of an earlier call), or ``[0, 0]``.

    Returns:
        Weights float32 ``[n_features, k]``, duals float32 ``[n, k]``, bias weights float32 ``[k]``, and the passes
        that each classifier took, int64 ``[k]``.
    """
    n, k = row_costs.shape[0], positive_costs.shape[0]
    passes = np.zeros(k, np.int64)
    squared_norms = _squared_norms(indptr, starts, data, bias)
    weights = np.zeros((n_features, k), np.float32)
    duals = np.zeros((n, k), np.float32)
    biases = np.zeros(k, np.float32)
    # The classifiers that are still in the sweep stand first in each row of weights and duals.
    columns = np.arange(k)  # the classifier at each position
    where = np.arange(k)  # position of a classifier in the sweep, -1 once it has left
    width = k
    highest, lowest = np.zeros(k, np.float32), np.zeros(k, np.float32)
    if initial_duals.shape[0] == n or loss == LOGISTIC:
        _start(
            indptr,
            indices,
            starts,
            data,
            positive_indptr,
            positive_columns,
            positive_weights,
            row_costs,
            positive_costs,
            negative_costs,
            bias,
            initial_duals,
            weights,
            duals,
            biases,
        )
    order = np.arange(n)
    np.random.seed(seed)
    skip = np.float32(tolerance * _SKIP_SHARE)
    for iteration in range(max_iterations):
        for i in range(n - 1, 0, -1):
            other = np.random.randint(0, i + 1)
            order[i], order[other] = order[other], order[i]
        _one_pass(
            order,
            indptr,
            indices,
            starts,
            data,
            positive_indptr,
            positive_columns,
            positive_weights,
            row_costs,
            positive_costs,
            negative_costs,
            bias,
            loss,
            skip,
            squared_norms,
            columns[:width],
            where,
            weights,
            duals,
            biases,
            highest,
            lowest,
        )
        stays = np.zeros(k, np.bool_)
        for c in range(width):
            passes[columns[c]] = iteration + 1
            stays[c] = highest[c] - lowest[c] > tolerance
        n_staying = stays.sum()
        if n_staying == 0:
            break
        if (width - n_staying) * 4 < width:
            continue  # moving the columns costs about a pass: wait until a quarter has converged
        kept = np.concatenate((np.flatnonzero(stays), np.flatnonzero(~stays)))
        _permute_columns(weights, kept)
        _permute_columns(duals, kept)
        columns, biases, width = columns[kept], biases[kept], n_staying
        where[:] = -1
        for c in range(width):
            where[columns[c]] = c
    back = np.argsort(columns)
    if width < k:
        _permute_columns(weights, back)
        _permute_columns(duals, back)
    return weights, duals, biases[back], passes


@compiled
def _squared_norms(indptr: np.ndarray, starts: np.ndarray, data: np.ndarray, bias: float) -> np.ndarray:
    norms = np.empty(indptr.shape[0] - 1, np.float32)
    for i in range(norms.shape[0]):
        total = bias * bias
        for j in range(starts[i], starts[i] + indptr[i + 1] - indptr[i]):
            total += data[j] * data[j]
        norms[i] = total
    return norms


@compiled
def _one_pass(
    order: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    data: np.ndarray,
    positive_indptr: np.ndarray,
    positive_columns: np.ndarray,
    positive_weights: np.ndarray,
    row_costs: np.ndarray,
    positive_costs: np.ndarray,
    negative_costs: np.ndarray,
    bias: float,
    loss: int,
    skip: float,
    squared_norms: np.ndarray,
    columns: np.ndarray,
    where: np.ndarray,
    weights: np.ndarray,
    duals: np.ndarray,
    biases: np.ndarray,
    highest: np.ndarray,
    lowest: np.ndarray,
) -> None:
    """Visit every row once; `highest` and `lowest` take the range of projected gradients of each classifier."""
    width = columns.shape[0]
    signs = np.full(width, -1.0, np.float32)
    costs = negative_costs[columns]
    margins, moves = np.zeros(width, np.float32), np.zeros(width, np.float32)
    moved = np.zeros(width, np.int64)
    highest[:] = 0.0
    lowest[:] = 0.0
    for position in range(order.shape[0]):
        i = order[position]
        features = indices[indptr[i] : indptr[i + 1]]
        values = data[starts[i] : starts[i] + features.shape[0]]
        _sweep_margins(features, values, weights, margins, width)
        for c in range(width):
            margins[c] += bias * biases[c]
        for p in range(positive_indptr[i], positive_indptr[i + 1]):
            c = where[positive_columns[p]]
            if c >= 0:
                signs[c] = 1.0
                costs[c] = positive_costs[positive_columns[p]] * positive_weights[p]
        n_moved = _visit_row(
            margins, duals[i], signs, costs, row_costs[i], squared_norms[i], loss, skip, highest, lowest, moves, moved
        )
        for p in range(positive_indptr[i], positive_indptr[i + 1]):
            c = where[positive_columns[p]]
            if c >= 0:
                signs[c] = -1.0
                costs[c] = negative_costs[positive_columns[p]]
        if n_moved > 0:
            _apply_moves(features, values, weights, moves, moved, n_moved, width)
            for m in range(n_moved):
                biases[moved[m]] += bias * moves[moved[m]]


@compiled
def _permute_columns(matrix: np.ndarray, order: np.ndarray) -> None:
    """matrix = matrix[:, order], in place."""
    row = np.empty(matrix.shape[1], matrix.dtype)
    for i in range(matrix.shape[0]):
        row[:] = matrix[i]
        for c in range(order.shape[0]):
            matrix[i, c] = row[order[c]]


@compiled
def _start(
    indptr: np.ndarray,
    indices: np.ndarray,
    starts: np.ndarray,
    data: np.ndarray,
    positive_indptr: np.ndarray,
    positive_columns: np.ndarray,
    positive_weights: np.ndarray,
    row_costs: np.ndarray,
    positive_costs: np.ndarray,
    negative_costs: np.ndarray,
    bias: float,
    initial: np.ndarray,
    weights: np.ndarray,
    duals: np.ndarray,
    biases: np.ndarray,
) -> None:
    """Fill duals (given ones, or the small positive start that the logistic loss needs) and the weights they imply."""
    n, k = duals.shape
    given = initial.shape[0] == n
    moves = np.empty(k, np.float32)
    for i in range(n):
        for c in range(k):
            upper = row_costs[i] * negative_costs[c]
            duals[i, c] = initial[i, c] if given else min(np.float32(0.001) * upper, np.float32(1e-6))
            moves[c] = -duals[i, c]
        for p in range(positive_indptr[i], positive_indptr[i + 1]):
            c = positive_columns[p]
            if not given:
                upper = row_costs[i] * positive_costs[c] * positive_weights[p]
                duals[i, c] = min(np.float32(0.001) * upper, np.float32(1e-6))
            moves[c] = duals[i, c]
        for j in range(indptr[i + 1] - indptr[i]):
            feature, value = indices[indptr[i] + j], data[starts[i] + j]
            for c in range(k):
                weights[feature, c] += value * moves[c]
        for c in range(k):
            biases[c] += bias * moves[c]
