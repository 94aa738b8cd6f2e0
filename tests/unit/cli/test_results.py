"""The text that `evaluate` and `score` print for a result: five lines."""

from pathlib import Path

import pytest
from cxrbench.cli.results import print_result
from cxrbench.results import read_result

SUBMISSIONS = Path(__file__).resolve().parents[3] / "submissions"
FILES = sorted(SUBMISSIONS.glob("*/results/*.json"))


@pytest.mark.parametrize("path", FILES[::10], ids=lambda path: path.parents[1].name)
def test_a_result_is_five_lines_with_the_primary_metric_second(path, capsys):
    result = read_result(path)
    print_result(result, path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith(f"{result.submission.name} on {result.track.name} ")
    assert lines[1].split()[:2] == [result.primary, f"{result.metrics[result.primary].value:.3f}"]
    assert "95 % interval" in lines[1]
    assert "primary metric" in lines[1]
    assert lines[4].endswith(str(path))


def test_without_a_file_the_last_line_names_json(capsys):
    print_result(read_result(FILES[0]), None)
    assert "--json" in capsys.readouterr().out.splitlines()[-1]


def test_undefined_metrics_are_printed_with_their_reason(capsys):
    result = read_result(SUBMISSIONS / "zone-medians" / "results" / "brixia-severity--brixia-cohen--test.json")
    undefined = result.metrics["zone_mae"].model_copy(
        update={"value": None, "low": None, "high": None, "undefined": "no cases"}
    )
    print_result(result.model_copy(update={"metrics": {**result.metrics, "zone_mae": undefined}}), None)
    assert capsys.readouterr().out.splitlines()[1].split() == ["zone_mae", "undefined:", "no", "cases"]
