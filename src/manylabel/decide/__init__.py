"""From scores to label sets: thresholds, calibration, targets that are kept."""
