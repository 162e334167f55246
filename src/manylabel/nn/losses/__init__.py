"""Losses: scores and positives to a number. One file each, one line in the table."""

from manylabel.core.table import Part, Table


def _loss(target: str, summary: str) -> Part:
    """A loss is its own section: constants and formula in one."""
    return Part(target=target, summary=summary, section=target)


LOSSES = Table(
    "loss",
    {
        "bce": _loss("manylabel.nn.losses.bce:BCE", "Binary cross-entropy: every label a yes or no of its own."),
    },
)
