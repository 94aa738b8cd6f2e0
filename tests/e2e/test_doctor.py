"""`doctor` says what is there and what to do, with data and without."""

import json


def test_it_names_isolation_extras_and_the_missing_data(command):
    found = {one["what"]: one for one in json.loads(command("doctor", "--json").out)}
    assert {"python", "isolation", "browser", "extra ct", "extra baselines", "data"} <= set(found)
    assert "CXRBENCH_DATA" in found["data"]["advice"]
    assert found["isolation"]["state"] in {"bubblewrap", "namespaces", "none"}


def test_it_counts_the_images_of_each_dataset(command, synthetic_copy):
    found = {one["what"]: one for one in json.loads(command("doctor", "--data", synthetic_copy, "--json").out)}
    assert found["dataset brixia-cohen"]["state"] == "192 of 192 images"
    assert "dataset rsna" not in found


def test_as_text_it_is_a_table(command):
    assert "isolation" in command("doctor").out
