"""`cxrbench tasks`."""

import click

from cxrbench.cli.output import json_option, print_json, print_table


@click.command()
@json_option
def tasks(as_json: bool) -> None:
    """List the tasks: what a submission returns for a case, and the metric that ranks."""
    from cxrbench.tasks import tasks as registry

    found = [registry[name] for name in registry]
    if as_json:
        keys = ("name", "title", "primary", "prediction")
        print_json([{key: getattr(task, key) for key in keys} for task in found])
        return
    print_table(("task", "primary metric", "prediction"), [(t.name, t.primary, t.prediction) for t in found])
