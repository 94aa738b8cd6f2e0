"""`cxrbench tasks`."""

import click

from cxrbench.cli.output import add_json_option, print_json, print_table


@click.command()
@add_json_option
def tasks(as_json: bool) -> None:
    """List the tasks: what a submission returns for a case, and the metric by which it is ranked."""
    from cxrbench.tasks import tasks as registry

    registered = [registry[name] for name in registry]
    if as_json:
        keys = ("name", "title", "primary", "prediction")
        print_json([{key: getattr(task, key) for key in keys} for task in registered])
        return
    print_table(
        ("task", "primary metric", "prediction"), [(task.name, task.primary, task.prediction) for task in registered]
    )
