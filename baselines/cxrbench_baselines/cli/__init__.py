"""The commands that this package adds to cxrbench, named in the entry-point group `cxrbench.commands`."""

COMMANDS = {
    "train": ("cxrbench_baselines.cli.train", "Train a recipe: a submission of one of the papers' systems."),
    "triage": ("cxrbench_baselines.cli.triage", "Rank a work list of CTs by probability and by severity."),
    "tune": ("cxrbench_baselines.cli.tune", "Search a recipe's hyper-parameters; resumable."),
}
"""Name of a command to the module that defines it under that name, and its line in `cxrbench --help`."""
