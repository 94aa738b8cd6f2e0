"""Names to plug-ins: found on import, near matches for a typo, a broken third-party module named and left out."""

import pytest
from cxrbench.datasets import dataset_adapters
from cxrbench.errors import CxrbenchError, UsageError
from cxrbench.registry import Registry, make_unknown_name_error
from cxrbench.tasks import tasks


def test_a_name_in_another_case_is_suggested():
    assert make_unknown_name_error("system", "manet", ["MAnet", "Unet", "bsnet"]).fix == "did you mean MAnet?"


def test_registries_fill_by_themselves():
    assert {"phantom", "cohen", "brixia-cohen"} <= set(dataset_adapters)
    assert "brixia-severity" in tasks


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(UsageError, match="did you mean brixia-cohen"):
        dataset_adapters["brixia-cohn"]


def test_two_of_one_name_are_an_error():
    registry: Registry[int] = Registry("number", "cxrbench.tasks")
    registry.register("first")(1)
    with pytest.raises(ValueError, match="first"):
        registry.register("first")(1)


def test_a_third_party_module_that_fails_is_named(monkeypatch):
    entry = type("Entry", (), {"name": "theirs", "value": "no_such_module_of_theirs"})
    monkeypatch.setattr("cxrbench.registry.entry_points", lambda group: [entry] if group == "cxrbench.numbers" else [])
    registry: Registry[int] = Registry("number", "cxrbench.tasks")
    with pytest.warns(UserWarning, match="no_such_module_of_theirs"):
        assert list(registry) == []


def test_an_error_is_one_line_whatever_it_holds():
    error = CxrbenchError("two\nlines", "some\nwhere", "mend\nit")
    assert str(error) == "two lines: some where; mend it"
