"""Small tasks for the loop."""

import numpy as np
import torch
from torch import nn

from manylabel.train.task import Measured, ParameterGroup, Task


class Vectors:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def to(self, device):
        return Vectors(self.x.to(device), self.y.to(device))


class Regression(Task):
    """Learns a linear map through a hidden layer with dropout; validation is on other points."""

    def __init__(self, n=53, width=5, *, dropout=0.3, seed=0, embedding=False):
        super().__init__()
        torch.manual_seed(seed)
        self.x, self.y = torch.randn(n, width), torch.randn(n, 3)
        self.layers = nn.Sequential(
            nn.Linear(width, 8), nn.LayerNorm(8), nn.Dropout(dropout), nn.Tanh(), nn.Linear(8, 3)
        )
        self.table = nn.Embedding(n, 3, sparse=True) if embedding else None
        self.measurements = 0
        self.interrupt_at = None
        self.seen = []

    def rows(self, random):
        return random.permutation(len(self.x))

    def lengths(self):
        return np.arange(len(self.x)) % 7 + 1

    def collate(self, rows, random):
        noise = torch.from_numpy(random.normal(size=(len(rows), self.x.shape[1])).astype(np.float32))
        self.seen.append(rows)
        if self.interrupt_at is not None and len(self.seen) == self.interrupt_at:
            raise KeyboardInterrupt
        batch = Vectors(self.x[rows] + 0.01 * noise, self.y[rows])
        batch.rows = torch.from_numpy(rows)
        batch.to = lambda device: batch
        return batch

    def forward(self, batch):
        found = self.layers(batch.x)
        if self.table is not None:
            found = found + self.table(batch.rows)
        return (found - batch.y).square().sum(dim=1)

    def measure(self):
        self.measurements += 1
        with torch.no_grad():
            value = float((self.layers(self.x) - self.y).square().mean())
        return Measured({}, {"loss": value, "nDCG@5": 1 / (1 + value)}, len(self.x))

    def groups(self):
        return [ParameterGroup(self, 0.05)]


def weights(task):
    return torch.cat([p.detach().flatten() for p in task.parameters()])
