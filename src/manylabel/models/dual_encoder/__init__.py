"""Dual encoders: documents and the texts of labels in one space."""
