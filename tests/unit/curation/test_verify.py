"""`cxrbench datasets verify`: everything that is wrong with a copy, in one list."""

import hashlib
import json
from functools import partial

import numpy as np
import pytest
from cxrbench import catalog
from cxrbench.case import Case, Targets
from cxrbench.catalog import Card
from cxrbench.curation import verify
from cxrbench.datasets import Dataset, Problem, dataset_adapters
from cxrbench.imaging.radiograph.raster import read_mask, read_raster

from tests.fixtures.make_dicom import cut, write_png


@pytest.fixture
def films(tmp_path, monkeypatch):
    """A set `films` of three images and a mask each, with its adapter and a card that fits."""
    folder = tmp_path / "films" / "images"
    folder.mkdir(parents=True)
    (tmp_path / "films" / "masks").mkdir()
    (tmp_path / "films" / "table.csv").write_text("name,view\na.png,PA\nb.png,AP\nc.png,PA\nside.png,L\n")
    for name in ("a.png", "b.png", "c.png"):
        for kind in ("images", "masks"):
            write_png(tmp_path / "films" / kind / name, np.full((6, 5), 1, np.uint8))
    card = Card(
        title="t",
        version="1",
        modality="cxr",
        licence="CC0",
        access="open",
        counts={"images": 3},
        checksums={"films/table.csv": hashlib.sha256((tmp_path / "films" / "table.csv").read_bytes()).hexdigest()},
    )
    monkeypatch.setattr(verify, "card", lambda _: card)
    monkeypatch.setattr(catalog, "cards", lambda: {"films": card})
    dataset_adapters["phantom"]
    monkeypatch.setitem(dataset_adapters._items, "films", lambda data: _listed(data.path / "films"))
    return tmp_path


def _listed(root) -> Dataset:
    def case(name: str) -> Case:
        path = root / "images" / name
        return Case(
            id=name,
            patient=name,
            dataset="films",
            targets=Targets(lung_mask=partial(read_mask, root / "masks" / name)),
            load=partial(read_raster, path) if path.is_file() else None,
        )

    return Dataset("films", tuple(case(name) for name in ("a.png", "b.png", "c.png")))


def _told(data, **more) -> dict[str, str]:
    problems = verify.verify("films", data, **more).problems
    assert all(isinstance(problem, Problem) and problem.bad for problem in problems)
    return {problem.file.rsplit("/", 1)[-1]: problem.reason for problem in problems}


def test_a_whole_copy_has_no_problem(films):
    assert _told(films) == {}


def test_an_absent_file(films):
    (films / "films" / "images" / "b.png").unlink()
    assert _told(films)["b.png"] == "listed but absent"


def test_an_unlisted_file_but_not_one_that_a_table_names(films):
    for name in ("side.png", "extra.png", ".hidden"):
        write_png(films / "films" / "images" / name, np.zeros((6, 5), np.uint8))
    assert _told(films) == {"extra.png": "present but not listed"}


def test_an_unreadable_image_and_mask(films):
    cut(films / "films" / "images" / "a.png")
    cut(films / "films" / "masks" / "c.png")
    told = _told(films)
    assert "cannot be decoded" in told["a.png"]
    assert "cannot be decoded" in told["c.png"]
    assert _told(films, decode=False) == {}


def test_a_mask_of_another_size(films):
    write_png(films / "films" / "masks" / "a.png", np.zeros((3, 5), np.uint8))
    assert _told(films)["a.png"] == "a mask of (3, 5) for an image of (6, 5)"


def test_a_changed_table(films):
    with (films / "films" / "table.csv").open("a") as table:
        table.write("d.png,PA\n")
    assert _told(films)["table.csv"] == "differs from the card's SHA-256"
    (films / "films" / "table.csv").unlink()
    assert _told(films)["table.csv"] == "listed on the card but absent"


def test_what_the_adapter_told_is_not_told_twice(films, monkeypatch):
    (films / "films" / "images" / "b.png").unlink()
    write_png(films / "films" / "images" / "extra.png", np.zeros((6, 5), np.uint8))
    own = (Problem("images/b.png", "listed but absent"), Problem("images/extra.png", "not of this release"))
    listed = _listed(films / "films")
    monkeypatch.setitem(dataset_adapters._items, "films", lambda _: Dataset("films", listed.cases, own))
    assert verify.verify("films", films).problems == own


def test_the_command_ends_with_4_when_anything_is_bad(films, command):
    assert command("datasets", "verify", "films", "--data", films).code == 0
    cut(films / "films" / "images" / "a.png")
    done = command("datasets", "verify", "films", "--data", films, "--json")
    assert done.code == 4
    assert len(done.error_lines) == 1
    assert json.loads(done.out)["problems"][0]["file"].endswith("a.png")
    assert command("datasets", "verify", "films", "--data", films, "--no-decode").code == 0
