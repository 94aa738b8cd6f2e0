"""The submission's process: a child that sees pixels alone, and a parent that trusts nothing it sends back."""
