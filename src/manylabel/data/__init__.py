"""Documents in and out: formats, splits, and the data sets that can be fetched or made."""
