"""One file for each ranker, beside a light one with its configuration section."""
