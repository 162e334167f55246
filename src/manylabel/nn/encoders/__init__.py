"""Encoders that are trained: texts to states of tokens. One file each, one line in the table."""

from manylabel.core.table import Table

ENCODERS = Table("encoder", {})
