"""The catalogue: every dataset has a card, every card is valid, a typo is an error that names the key."""

import pytest
from cxrbench import catalog
from cxrbench.datasets import dataset_adapters
from cxrbench.errors import DataError
from cxrbench.splits import list_case_files


def test_every_adapter_and_every_split_has_a_card():
    assert set(dataset_adapters) <= set(catalog.read_cards())
    assert {dataset for dataset, _, _ in list_case_files()} <= set(catalog.read_cards())


def test_a_typo_in_a_card_is_named(monkeypatch, tmp_path):
    (tmp_path / "datasets.yaml").write_text(
        "mine: {title: Mine, version: '1', modality: cxr, licence: CC0, access: open, license: CC0}", "utf-8"
    )
    monkeypatch.setattr(catalog, "_locate_catalog", lambda: tmp_path / "datasets.yaml")
    catalog.read_cards.cache_clear()
    with pytest.raises(DataError, match=r"mine|license"):
        catalog.read_cards()
    monkeypatch.undo()
    catalog.read_cards.cache_clear()
    assert catalog.find_card("phantom").synthetic
