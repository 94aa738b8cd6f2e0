"""One view per kind of page: which data it shows."""
