"""The formulas as the papers have them, one element or document at a time, in plain Python; targets are 0 or 1."""

from __future__ import annotations

import math


def s(z):
    return 1 / (1 + math.exp(-z))


def bce(z, y, *_):
    return -math.log(s(z) if y else 1 - s(z))


def focal(z, y, gamma, alpha=None):
    p = s(z) if y else 1 - s(z)
    a = 1.0 if alpha is None else (alpha if y else 1 - alpha)
    return -a * (1 - p) ** gamma * math.log(p)


def asymmetric(z, y, g_negative, g_positive, margin):
    p = s(z)
    if y:
        return -((1 - p) ** g_positive) * math.log(p)
    q = max(p - margin, 0)
    return -(q**g_negative) * math.log(1 - q)


def class_weight(n, beta):
    return (1 - beta) / (1 - beta**n)


def tolerant(z, y, n, total, kappa, scale, gamma, alpha, divided=True):
    shifted = z - kappa * math.log(total / n - 1)
    return focal(shifted, 1, gamma, alpha) if y else focal(scale * shifted, 0, gamma, alpha) / (scale if divided else 1)


def rebalancing(counts, row, label, floor, slope, centre):
    drawn = sum(1 / n for n, y in zip(counts, row, strict=True) if y)
    return floor + s(slope * (1 / counts[label] / drawn - centre))


def squared_hinge(z, y):
    return max(0, 1 - (2 * y - 1) * z) ** 2


def ranking(scores, row):
    pairs = [
        math.log(1 + math.exp(zn - zp))
        for zp, p in zip(scores, row, strict=True)
        for zn, n in zip(scores, row, strict=True)
        if p and not n
    ]
    return sum(pairs) / len(pairs) if pairs else 0.0


def zlpr(scores, row):
    up = 1 + sum(math.exp(-z) for z, y in zip(scores, row, strict=True) if y)
    return math.log(up) + math.log(1 + sum(math.exp(z) for z, y in zip(scores, row, strict=True) if not y))


def softmax(scores, row):
    total = sum(math.exp(z) for z in scores)
    logs = [math.log(math.exp(z) / total) for z, y in zip(scores, row, strict=True) if y]
    return -sum(logs) / len(logs) if logs else 0.0


def decoupled_softmax(scores, row):
    rest = sum(math.exp(z) for z, y in zip(scores, row, strict=True) if not y)
    logs = [math.log(math.exp(z) / (math.exp(z) + rest)) for z, y in zip(scores, row, strict=True) if y]
    return -sum(logs) / len(logs) if logs else 0.0


def triplet(scores, row, margin, over_all=False):
    pairs = [
        max(0.0, zn - zp + margin)
        for zp, p in zip(scores, row, strict=True)
        for zn, n in zip(scores, row, strict=True)
        if p and not n
    ]
    over = len(pairs) if over_all else sum(cost > 0 for cost in pairs)
    return sum(pairs) / over if over else 0.0


def soft_top_k(scores, row, k, alpha):
    low, high = -100.0, 100.0
    for _ in range(200):
        t = (low + high) / 2
        low, high = (t, high) if sum(s(alpha * (z + t)) for z in scores) < k else (low, t)
    logs = [math.log(s(alpha * (z + low))) for z, y in zip(scores, row, strict=True) if y]
    return -sum(logs) / len(logs) if logs else 0.0
