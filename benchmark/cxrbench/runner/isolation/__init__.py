"""The process of a submission: its sandbox, its limits, and what passes between it and its parent."""
