"""Image files to canonical arrays: radiographs, CT volumes, and the cache of decoded radiographs."""
