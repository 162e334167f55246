"""The words every other room speaks: labels, corpus, top-k, configuration, tables, run directories, errors.

Knows no algorithm and imports nothing heavier than numpy and scipy.sparse at module level.
"""
