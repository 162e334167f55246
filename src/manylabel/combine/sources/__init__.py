"""One file for each kind of candidate source, beside a light one with its configuration section."""
