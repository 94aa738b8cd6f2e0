"""Make medians.json: `python submissions/zone-medians/train.py --data DIR`. Needs the scores only, a second."""

import json
from pathlib import Path

import click
import cxrbench
import numpy as np


@click.command()
@click.option("--data", envvar="CXRBENCH_DATA", required=True)
def main(data: str) -> None:
    """Write the median of each zone over the training part of brixia-cohen."""
    cases = cxrbench.load("brixia-cohen", data).by_id
    train = cxrbench.load_split("brixia-cohen").cases("train")
    medians = np.median([cases[name].targets.brixia for name in train], axis=0)
    text = json.dumps(dict(zip("ABCDEF", medians.tolist(), strict=True)))
    Path(__file__).with_name("medians.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
