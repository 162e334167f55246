"""One file for each way to decide."""
