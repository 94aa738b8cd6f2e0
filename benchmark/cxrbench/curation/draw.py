"""Draw a registered split again: `python -m cxrbench.curation.draw NAME --data DIR` prints the file.

The draws are in `cxrbench.curation.draws`. For a new split, write the output to a file and add its line to SHA256SUMS.
"""

import click

from cxrbench.curation.draws import draws


@click.command()
@click.argument("name", metavar="DATASET[@NAME]")
@click.option("--data", envvar="CXRBENCH_DATA", metavar="DIR", help="Folder that holds the datasets.")
def main(name: str, data: str | None) -> None:
    """Print the split file of DATASET or DATASET@NAME as it is drawn from the data."""
    click.echo(draws[name](data), nl=False)


if __name__ == "__main__":
    main()
