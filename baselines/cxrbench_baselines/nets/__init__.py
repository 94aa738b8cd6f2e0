"""Blocks, encoders and losses that several systems share."""
