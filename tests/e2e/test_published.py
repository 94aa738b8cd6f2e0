"""Rows made from predictions that the authors of a paper published."""

import json

import pytest

TRACK = ("--track", "zone-severity/danilov@published/test")


def test_the_comparators_reproduce_the_reported_errors(command, real_data):
    reported = {"covid_net": 1.83, "bsnet": 2.52}  # Danilov et al. 2022, Table 10
    for system, mae in reported.items():
        process = command("score", "--published", system, *TRACK, "--data", real_data, "--json")
        result = json.loads(process.out)
        assert result["submission"]["kind"] == "predictions"
        assert result["metrics"]["mae"]["value"] == pytest.approx(mae, abs=0.02)


def test_a_table_with_gaps_needs_partial(command, real_data):
    arguments = ("score", "--published", "MAnet", *TRACK, "--data", real_data)
    refused, accepted = command(*arguments), command(*arguments, "--partial", "--json")
    assert (refused.code, accepted.code) == (3, 0)
    assert "misses 4 of 139" in refused.error_lines[0]
    assert json.loads(accepted.out)["coverage"]["predicted"] == 135


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--published", "manet", *TRACK), "did you mean MAnet"),
        (("--published", "MAnet", "--track", "brixia-severity/brixia-cohen/test"), "no published predictions"),
        (("--published", "MAnet", "--rater", "junior", *TRACK), "give one of"),
    ],
)
def test_an_unknown_system_or_track_is_refused(command, real_data, arguments, words):
    process = command("score", *arguments, "--data", real_data)
    assert process.code == 2
    assert words in process.error_lines[0]
