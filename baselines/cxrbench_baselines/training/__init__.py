"""One training loop for every baseline: examples, augmentation, the Lightning loop, and the submission folder."""
