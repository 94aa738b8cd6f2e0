"""Every adapter names the files behind its cases, so that a cache detects changes and `verify` unlisted files."""

import pytest
from cxrbench.datasets import dataset_adapters, load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import COPIES

GENERATED = {"phantom", "phantom-ct"}


@pytest.fixture(params=sorted(COPIES))
def dataset(request, tmp_path):
    COPIES[request.param](tmp_path)
    return load(request.param, tmp_path)


def test_every_dataset_has_a_small_copy():
    assert set(COPIES) == set(dataset_adapters) - GENERATED


def test_every_available_case_names_files_that_exist(dataset):
    assert any(case.available for case in dataset.cases)
    for case in dataset.cases:
        assert bool(case.files) == case.available
        assert all(path.exists() for path in case.files)


def test_every_mask_names_files_that_exist(dataset):
    for case in dataset.cases:
        has_mask = case.targets.lung_mask is not None or case.targets.lesion_mask is not None
        assert bool(case.mask_files) == has_mask
        assert all(path.is_file() for path in case.mask_files)


def test_named_files_are_needed(dataset):
    """Without its files a case cannot be decoded."""
    case = next(case for case in dataset.cases if case.available)
    case.image()
    for path in case.files:
        path.rename(path.with_name(f"{path.name}.moved"))
    with pytest.raises(DataError):
        case.image()


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_the_phantom_has_no_files(name):
    assert all(case.files == case.mask_files == () for case in load(name).cases)
