"""The script with which CI publishes, and the rights of its workflows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TRIGGERS = True
"""YAML 1.1 reads the key `on` as a boolean."""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_committed_results_build_and_check(tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", str(ROOT / "leaderboard" / "rebuild"), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False)
    assert done.returncode == 0, done.stderr
    assert "current" in done.stdout
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_minimal_rights_and_no_secret(path):
    text = path.read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        if "permissions" in job and set(workflow[TRIGGERS]) != {"push"}:
            assert job["if"] == "github.event_name == 'push'"
