"""`cxrbench datasets verify`: everything that is wrong with a copy, in one list."""

import hashlib
import json
from functools import partial

import numpy as np
import pytest
from cxrbench import catalog
from cxrbench.case import Case, Targets
from cxrbench.catalog import DatasetCard
from cxrbench.curation import verify
from cxrbench.datasets import Dataset, Problem, dataset_adapters
from cxrbench.imaging.radiograph.raster import read_mask, read_raster

from tests.fixtures.make_dicom import cut, write_png


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A dataset `sample` of three images with a mask each, its adapter and a card that matches."""
    folder = tmp_path / "sample" / "images"
    folder.mkdir(parents=True)
    (tmp_path / "sample" / "masks").mkdir()
    (tmp_path / "sample" / "table.csv").write_text("name,view\na.png,PA\nb.png,AP\nc.png,PA\nside.png,L\n")
    for name in ("a.png", "b.png", "c.png"):
        for kind in ("images", "masks"):
            write_png(tmp_path / "sample" / kind / name, np.full((6, 5), 1, np.uint8))
    card = DatasetCard(
        title="t",
        version="1",
        modality="cxr",
        licence="CC0",
        access="open",
        counts={"images": 3},
        checksums={"sample/table.csv": hashlib.sha256((tmp_path / "sample" / "table.csv").read_bytes()).hexdigest()},
    )
    monkeypatch.setattr(verify, "find_card", lambda _: card)
    monkeypatch.setattr(catalog, "read_cards", lambda: {"sample": card})
    dataset_adapters["phantom"]
    monkeypatch.setitem(dataset_adapters._items, "sample", lambda data: _list_sample(data.path / "sample"))
    return tmp_path


def _list_sample(root) -> Dataset:
    def case(name: str) -> Case:
        path, mask = root / "images" / name, root / "masks" / name
        return Case(
            id=name,
            patient=name,
            dataset="sample",
            targets=Targets(lung_mask=partial(read_mask, mask)),
            load=partial(read_raster, path) if path.is_file() else None,
            files=(path,) if path.is_file() else (),
            mask_files=(mask,),
        )

    return Dataset("sample", tuple(case(name) for name in ("a.png", "b.png", "c.png")))


def _verify(data, **more) -> dict[str, str]:
    problems = verify.verify_dataset("sample", data, **more).problems
    assert all(isinstance(problem, Problem) and problem.bad for problem in problems)
    return {problem.file.rsplit("/", 1)[-1]: problem.reason for problem in problems}


def test_a_whole_copy_has_no_problem(sample):
    assert _verify(sample) == {}


def test_an_absent_file(sample):
    (sample / "sample" / "images" / "b.png").unlink()
    assert _verify(sample)["b.png"] == "listed but absent"


def test_unlisted_files_except_those_named_in_a_table(sample):
    for name in ("side.png", "extra.png", ".hidden"):
        write_png(sample / "sample" / "images" / name, np.zeros((6, 5), np.uint8))
    assert _verify(sample) == {"extra.png": "present but not listed"}


def test_an_unreadable_image_and_mask(sample):
    cut(sample / "sample" / "images" / "a.png")
    cut(sample / "sample" / "masks" / "c.png")
    problems = _verify(sample)
    assert "cannot be decoded" in problems["a.png"]
    assert "cannot be decoded" in problems["c.png"]
    assert _verify(sample, decode=False) == {}


def test_a_mask_of_another_size(sample):
    write_png(sample / "sample" / "masks" / "a.png", np.zeros((3, 5), np.uint8))
    assert _verify(sample)["a.png"] == "a mask of (3, 5) for an image of (6, 5)"


def test_a_changed_table(sample):
    with (sample / "sample" / "table.csv").open("a") as table:
        table.write("d.png,PA\n")
    assert _verify(sample)["table.csv"] == "differs from the card's SHA-256"
    (sample / "sample" / "table.csv").unlink()
    assert _verify(sample)["table.csv"] == "listed on the card but absent"


def test_problems_of_the_adapter_are_not_repeated(sample, monkeypatch):
    (sample / "sample" / "images" / "b.png").unlink()
    write_png(sample / "sample" / "images" / "extra.png", np.zeros((6, 5), np.uint8))
    reported = (Problem("images/b.png", "listed but absent"), Problem("images/extra.png", "not of this release"))
    listed = _list_sample(sample / "sample")
    monkeypatch.setitem(dataset_adapters._items, "sample", lambda _: Dataset("sample", listed.cases, reported))
    assert verify.verify_dataset("sample", sample).problems == reported


def test_the_command_exits_with_4_when_there_are_problems(sample, command):
    assert command("datasets", "verify", "sample", "--data", sample).code == 0
    cut(sample / "sample" / "images" / "a.png")
    done = command("datasets", "verify", "sample", "--data", sample, "--json")
    assert done.code == 4
    assert len(done.error_lines) == 1
    assert json.loads(done.out)["problems"][0]["file"].endswith("a.png")
    assert command("datasets", "verify", "sample", "--data", sample, "--no-decode").code == 0
