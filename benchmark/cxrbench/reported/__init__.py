"""Reported figures: what papers printed, its recomputation from published files, and the verdicts on it."""
