"""One module per paper: how its printed figures are recomputed from published per-image files."""
