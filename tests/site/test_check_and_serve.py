"""`leaderboard check` finds a site that is not current; `leaderboard serve` answers."""

import json
import subprocess
import sys
import urllib.request

import pytest

TRACK = ("--track", "brixia-severity/phantom/test")


@pytest.fixture
def built(constant, command, tmp_path):
    command("evaluate", constant, *TRACK)
    site = tmp_path / "site"
    assert command("leaderboard", "build", "--results", constant.parent, "--out", site).code == 0
    return site


def run_check(command, constant, site):
    return command("leaderboard", "check", "--results", constant.parent, "--site", site)


def test_a_fresh_site_is_current(built, constant, command):
    assert run_check(command, constant, built).code == 0


@pytest.mark.parametrize("harm", ["edit", "remove", "add"])
def test_a_changed_page_is_named(harm, built, constant, command):
    page = built / ("more.html" if harm == "add" else "methods.html")
    page.unlink() if harm == "remove" else page.write_text("changed", "utf-8")
    done = run_check(command, constant, built)
    assert done.code == 1
    assert page.name in done.error_lines[0]


def test_a_changed_or_invalid_result_is_detected(built, constant, command):
    path = constant.parent / "results" / "brixia-severity--phantom--test.json"
    document = json.loads(path.read_text("utf-8"))
    document["submission"]["title"] = "Another title"
    path.write_text(json.dumps(document), "utf-8")
    assert run_check(command, constant, built).code == 1
    path.write_text("{}", "utf-8")
    done = run_check(command, constant, built)
    assert done.code == 4
    assert path.name in done.error_lines[0]


def test_a_missing_site_is_a_usage_error(constant, command, tmp_path):
    assert run_check(command, constant, tmp_path / "nowhere").code == 2
    assert command("leaderboard", "serve", "--site", tmp_path / "nowhere").code == 2


def test_serve_answers_on_this_machine(built):
    arguments = [sys.executable, "-m", "cxrbench", "leaderboard", "serve", "--site", str(built), "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        address = process.stdout.readline().split()[0]
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - a server of this test
            assert b"cxrbench" in answer.read()
        process.terminate()
