"""What an honest submission may rely on inside the sandbox, and that several children give the same result."""

import json

import pytest
from cxrbench.results import read_result
from cxrbench.runner.isolation.sandbox import find_best_level

TRACK = ("--track", "brixia-severity/phantom/test")
NAME = "brixia-severity--phantom--test.json"
isolated = pytest.mark.skipif(find_best_level() != "bubblewrap", reason="needs bubblewrap (apt install bubblewrap)")

HONEST = """
def setup(self, device):
    from pathlib import Path
    import tempfile
    self.bias = float(Path(__file__).with_name("weights.txt").read_text())
    Path("/scratch/notes.txt").write_text("mine")
    with tempfile.TemporaryFile() as room:
        room.write(b"mine")

def predict(self, images):
    return [{"brixia": np.clip([image.pixels.mean() * 3 + self.bias] * 6, 0, 3)} for image in images]
"""


@isolated
def test_private_files_and_scratch_work_inside_the_sandbox(written, command):
    path = written(HONEST)
    weights = path.with_name("weights.txt")
    weights.write_text("0.25", "utf-8")
    weights.chmod(0o600)
    path.parent.chmod(0o700)
    done = command("evaluate", path, *TRACK, "--sandbox", "required")
    assert done.code == 0, done.err
    assert read_result(path.parent / "results" / NAME).sandbox == "bubblewrap"
    assert weights.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("workers", [2, 3])
def test_several_children_give_the_result_of_one(workers, written, command):
    body = "batch_size = 4\ndef predict(self, images):\n"
    path = written(body + "    return [{'brixia': [image.pixels.mean() * 3] * 6} for image in images]\n")
    one = json.loads(command("evaluate", path, *TRACK, "--fresh", "--json").out)
    many = json.loads(command("evaluate", path, *TRACK, "--fresh", "--json", "--workers", workers).out)
    for key in ("metrics", "coverage", "predictions", "submission", "track"):
        assert many[key] == one[key]
    assert many["cost"]["workers"] == workers


def test_one_child_that_fails_ends_them_all_with_one_line(written, command):
    path = written("def predict(self, images):\n    raise ValueError('no')\n")
    done = command("evaluate", path, *TRACK, "--workers", "3")
    assert done.code == 3
    assert len(done.error_lines) == 1


def test_without_isolation_run_and_result_say_so(constant, command):
    done = command("evaluate", constant, *TRACK, "--sandbox", "off")
    assert "NOT ISOLATED" in done.err
    assert read_result(constant.parent / "results" / NAME).sandbox == "none"


def test_a_module_that_is_shown_is_counted(written, command):
    pytest.importorskip("torch")
    body = """
    def setup(self, device):
        import torch
        self.layer = torch.nn.Linear(16, 6)

    def module(self):
        return self.layer

    def predict(self, images):
        import torch
        rows = [self.layer(torch.from_numpy(image.pixels[0, :16].copy())).sigmoid() * 3 for image in images]
        return [{"brixia": row.detach().numpy()} for row in rows]
    """
    path = written(body)
    assert command("evaluate", path, *TRACK).code == 0
    cost = read_result(path.parent / "results" / NAME).cost
    assert (cost.parameters, cost.macs) == (16 * 6 + 6, 16 * 6)
