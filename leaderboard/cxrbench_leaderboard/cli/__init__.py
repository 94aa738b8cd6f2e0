"""The commands that this package adds to cxrbench, named in the entry-point group `cxrbench.commands`."""

COMMANDS = {
    "leaderboard": ("cxrbench_leaderboard.cli.leaderboard", "Build, check and look at the static leaderboard."),
}
"""Name of a command to the module that defines it under that name, and its line in `cxrbench --help`."""
