"""How our split files were made: each rule as code, so that anyone with the data can draw them again.

`python -m cxrbench.splits.draw NAME --data DIR` prints the file; redirect it and add its line to SHA256SUMS.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

import click
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from cxrbench.case import Case
from cxrbench.datasets import load
from cxrbench.splits import COLUMNS, DEFAULT

Parts = Mapping[str, str]
IDS_OF_COHEN = "file names of the Cohen set; scores they belong to are CC BY-NC-SA 4.0 and not included"


def patient_disjoint(cases: Sequence[Case], *, seed: int, bands: Sequence[int], folds: int = 4) -> Parts:
    """One fold of `folds` is the test part: whole patients, stratified by bands of the global Brixia score.

    `bands` are the lower borders of the second and later bands. Uses scikit-learn's StratifiedGroupKFold.
    """
    stratum = np.digitize([sum(case.targets.brixia or ()) for case in cases], bands)
    patients = np.array([case.patient for case in cases])
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    _, test = next(folder.split(np.zeros(len(cases)), stratum, patients))
    chosen = set(test.tolist())
    return {case.id: "test" if i in chosen else "train" for i, case in enumerate(cases)}


def image_level(cases: Sequence[Case], *, seed: int, share: float) -> Parts:
    """scikit-learn's `train_test_split` over images in file order, as the authors' code draws it."""
    train, _ = train_test_split([case.id for case in cases], test_size=share, random_state=seed)
    inside = set(train)
    return {case.id: "train" if case.id in inside else "test" for case in cases}


def split_text(head: Mapping[str, object], cases: Sequence[Case], parts: Parts) -> str:
    """The bytes of a split file: header comments, then rows sorted by case id."""
    out = io.StringIO()
    out.writelines(f"# {key}: {value}\n" for key, value in head.items())
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted((case.id, case.patient, parts[case.id]) for case in cases))
    return out.getvalue()


def brixia_cohen(data: str | None) -> str:
    """Ours: three quarters to one quarter, disjoint in patients, stratified by global score."""
    cases = load("brixia-cohen", data).cases
    head = {
        "dataset": "brixia-cohen",
        "name": DEFAULT,
        "version": 1,
        "origin": "ours",
        "seed": 23,
        "licence": IDS_OF_COHEN,
        "note": "disjoint in patients; 75/25; stratified by global score 0, 1-5, 6-11, 12-18; "
        "the seed is the authors'; an image that the Cohen table does not name is a patient of its own",
    }
    return split_text(head, cases, patient_disjoint(cases, seed=23, bands=(1, 6, 12)))


def brixia_cohen_published(data: str | None) -> str:
    """The authors' draw of Signoroni et al. 2020, section 6.6, as their public code makes it."""
    cases = load("brixia-cohen", data).cases
    head = {
        "dataset": "brixia-cohen",
        "name": "published",
        "version": 1,
        "origin": "published rule",
        "seed": 23,
        "licence": IDS_OF_COHEN,
        "note": "drawn by image: 17 of the 48 test images share a patient with training; for comparison only",
    }
    return split_text(head, cases, image_level(cases, seed=23, share=0.25))


def phantom(data: str | None) -> str:
    """Half of the phantom's patients are the test part, as `patient_disjoint` deals them."""
    cases = load("phantom", data).cases
    head = {
        "dataset": "phantom",
        "name": DEFAULT,
        "version": 0,
        "origin": "ours",
        "seed": 23,
        "licence": "Apache-2.0",
        "note": "synthetic; disjoint in patients; half to half; stratified by global score 0, 1-5, 6-11, 12-18",
    }
    return split_text(head, cases, patient_disjoint(cases, seed=23, bands=(1, 6, 12), folds=2))


RULES: dict[str, Callable[[str | None], str]] = {
    "brixia-cohen": brixia_cohen,
    "brixia-cohen@published": brixia_cohen_published,
    "phantom": phantom,
}


@click.command()
@click.argument("name", type=click.Choice(sorted(RULES)))
@click.option("--data", envvar="CXRBENCH_DATA")
def main(name: str, data: str | None) -> None:
    """Print the split file NAME as its rule draws it from the data."""
    click.echo(RULES[name](data), nl=False)


if __name__ == "__main__":
    main()
