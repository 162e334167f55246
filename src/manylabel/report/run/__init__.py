"""The page about one run: what it was trained on, how good it is where, and why it says what it says."""
