"""Make parameters.json: `python submissions/hu-thresholding/train.py`. A minute on two cores; no data are needed.

Grid search for the best mean Dice over the training part's COVID-19 studies; the test part is not looked at.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
import cxrbench
from cxrbench_baselines.ct.prepare import prepare
from cxrbench_baselines.ct.thresholding import Grid, Parameters, best_of, table_of

DATASET = "phantom-ct"


def table(name: str, data: str | None):
    """Dice of every setting for one study, with the lungs that prediction will have too."""
    case = cxrbench.load(DATASET, data).by_id[name]
    series = prepare(case.image(), where=name)
    return table_of((series, series.cropped(case.targets.lesion_mask()) > 0), Grid())


@click.command()
@click.option("--data", envvar="CXRBENCH_DATA")
@click.option("--workers", default=2, show_default=True)
def main(data: str | None, workers: int) -> None:
    """Search, print the mean Dice of the best setting and of the paper's, and write the best."""
    cases = cxrbench.load(DATASET, data).by_id
    train = [name for name in cxrbench.load_split(DATASET).cases("train") if cases[name].targets.category == "covid"]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = best_of(list(pool.map(partial(table, data=data), train, chunksize=4)), Grid())
    paper = found.table.flat[list(Grid()).index(Parameters())]
    print(
        f"{found.n} studies: mean Dice {found.dice:.3f} with {found.best}; {paper:.3f} with the paper's {Parameters()}"
    )
    told = {"parameters": asdict(found.best), "mean_dice": round(found.dice, 4), "studies": found.n}
    text = json.dumps({**told, "searched_on": f"{DATASET}/train"}, indent=1) + "\n"
    Path(__file__).with_name("parameters.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
