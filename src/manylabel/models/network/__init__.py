"""The model `network`: its options, its stages, and what these work on."""
