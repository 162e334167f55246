"""The sparse linear solver and what is built directly on it."""
