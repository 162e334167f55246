"""What is done with models end to end: a configuration becomes a run; a run is evaluated, predicted with, compared."""
