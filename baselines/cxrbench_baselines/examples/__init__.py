"""Training examples: what a system learns from, read once per case, kept in memory and augmented every epoch."""
