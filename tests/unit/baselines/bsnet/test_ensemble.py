"""The ensemble: the mean of its members, joined from their folders; a missing member is refused."""

import json
import shutil

import pytest
import torch
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.saved import load_system, save_system
from cxrbench_baselines.systems import systems

SMALL = ("input.size=32", "network.lung_levels=2", "network.width=8")
PARTS = ("brixia-cohen/train",)


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """A hard-attention and a soft-attention network after one batch, saved as by their training."""
    folders = {}
    for name in ("ha", "sa"):
        recipe = load_recipe(f"bs-net-{name}", SMALL)
        system = systems[recipe.system](recipe).train()
        system(torch.rand(4, 1, 32, 32))
        story = {"command": "c", "seed": 0, "seconds": 1, "hardware": "h", "stages": [], "learnt_from": list(PARTS)}
        folders[name] = tmp_path_factory.mktemp("members") / name
        save_system(system, folders[name], name, PARTS, story)
    return folders


def test_the_ensemble_is_the_mean_of_its_members(members, command, tmp_path):
    starts = [f"--start={member}={members[member[:2]]}" for member in ("ha", "ha_last", "sa", "sa_last")]
    changes = [f"--set={change}" for change in SMALL]
    done = command("train", "bs-net-ens", *starts, *changes, "--out", tmp_path / "joined")
    assert done.code == 0, done.err
    image = torch.rand(2, 1, 32, 32)
    with torch.inference_mode():
        ha, sa, joined = (load_system(folder)(image)["brixia"] for folder in (*members.values(), tmp_path / "joined"))
    assert torch.allclose(joined, (ha + sa) / 2, atol=1e-6)
    assert json.loads((tmp_path / "joined" / "training.json").read_text())["learnt_from"] == list(PARTS)
    shutil.rmtree(tmp_path / "joined")


def test_a_missing_member_is_named(members, command, tmp_path):
    changes = [f"--set={change}" for change in (*SMALL, "network.members=[ha, sa]")]
    done = command("train", "bs-net-ens", f"--start=ha={members['ha']}", *changes, "--out", tmp_path / "joined")
    assert done.code == 2
    assert "sa" in done.error_lines[0]
    assert not (tmp_path / "joined" / "weights.safetensors").exists()
