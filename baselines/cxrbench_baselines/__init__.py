"""Every system of the papers as a baseline: each a submission that we wrote, with no private road to the scorer."""
