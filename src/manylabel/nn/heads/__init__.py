"""Heads: states of tokens to scores of labels. One file each, one line in the table."""

from manylabel.core.table import Table

HEADS = Table("head", {})
