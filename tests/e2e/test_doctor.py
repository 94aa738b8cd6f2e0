"""`doctor` lists what this machine has and what to do, with data and without."""

import json


def test_isolation_extras_and_missing_data_are_listed(command):
    findings = {finding["what"]: finding for finding in json.loads(command("doctor", "--json").out)}
    assert {"python", "isolation", "browser", "extra ct", "extra baselines", "data"} <= set(findings)
    assert "CXRBENCH_DATA" in findings["data"]["advice"]
    assert findings["isolation"]["state"] in {"bubblewrap", "namespaces", "none"}


def test_the_images_of_each_dataset_are_counted(command, synthetic_copy):
    findings = {
        finding["what"]: finding for finding in json.loads(command("doctor", "--data", synthetic_copy, "--json").out)
    }
    assert findings["dataset brixia-cohen"]["state"] == "192 of 192 images"
    assert "dataset rsna" not in findings


def test_the_text_output_is_a_table(command):
    assert "isolation" in command("doctor").out
