"""One adapter per dataset: the official on-disk layout in, cases out."""
