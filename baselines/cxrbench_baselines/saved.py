"""A trained system on disk: the folder that `cxrbench train` ends with, and the way back to a network."""

import json
import re
from pathlib import Path
from typing import Any

from cxrbench.errors import CxrbenchError
from safetensors.torch import save_file

from cxrbench_baselines.recipe import dump_recipe, load_recipe
from cxrbench_baselines.system import System
from cxrbench_baselines.systems import systems
from cxrbench_baselines.weights import hash_file, load_weights

RECIPE, WEIGHTS, SETTINGS, HASH, RECORD = (
    "recipe.yaml",
    "weights.safetensors",
    "settings.json",
    "weights.sha256",
    "training.json",
)
MAX_BYTES_IN_GIT = 2_000_000
"""Weights of more bytes stay out of git."""

CODE = '''"""{title}: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class {kind}(Trained):
    """{title}."""

    name = {name}
    title = {quoted}
    authors = "The cxrbench developers"
    tasks = {tasks}
    trained_on = {parts}{more}
'''

README = """# {title}

{paper}, {where}. {note}

Trained with

    {command}

seed {seed}, {seconds} s on {hardware}; first weights of the encoder: {origin}. `recipe.yaml` is the whole recipe as it
was run, `training.json` what each stage learnt from and how it went.

{weights}
"""


def save_system(system: System, folder: Path, name: str, parts: tuple[str, ...], record: dict[str, Any]) -> None:
    """Write the submission: code, recipe, weights, their hash, and how it was trained.

    Args:
        system: The trained system.
        folder: Where the submission goes; made where it is absent.
        name: Name of the submission.
        parts: Parts of datasets that it learnt from.
        record: How it was trained: `command`, `seed`, `seconds`, `hardware` and `stages`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous().cpu() for key, value in system.state_dict().items()}, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors writes for its owner alone
    (folder / HASH).write_text(f"{hash_file(folder / WEIGHTS)}  {WEIGHTS}\n", "utf-8")
    (folder / RECIPE).write_text(dump_recipe(system.recipe), "utf-8")
    (folder / SETTINGS).write_text(json.dumps(system.settings, indent=1, sort_keys=True) + "\n", "utf-8")
    document = json.dumps({**record, "origin": system.origin}, indent=1, sort_keys=True) + "\n"
    (folder / RECORD).write_text(document, "utf-8")
    (folder / "submission.py").write_text(_render_code(system, name, parts), "utf-8")
    (folder / "README.md").write_text(_render_readme(system, folder, record), "utf-8")


def _render_code(system: System, name: str, parts: tuple[str, ...]) -> str:
    recipe, batch = system.recipe, type(system).batch_size
    kind = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name))
    title = " ".join(recipe.title.split())
    return CODE.format(
        title=title,
        quoted=json.dumps(title, ensure_ascii=False),
        kind=kind if kind[:1].isalpha() else f"Of{kind}",
        name=json.dumps(name),
        tasks=_format_tuple(type(system).tasks),
        parts=_format_tuple(parts),
        more="" if batch == System.batch_size else f"\n    batch_size = {batch}",
    )


def _format_tuple(words: tuple[str, ...]) -> str:
    """A tuple of strings as the formatter would write it."""
    inside = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return f"({inside},)" if len(words) == 1 else f"({inside})"


def _render_readme(system: System, folder: Path, record: dict[str, Any]) -> str:
    size = (folder / WEIGHTS).stat().st_size
    small = size <= MAX_BYTES_IN_GIT
    where = "in this folder." if small else "not in git: the command makes them, `weights.sha256` is their hash."
    recipe = system.recipe
    return README.format(
        title=recipe.title,
        paper=recipe.paper,
        where=recipe.where,
        note=recipe.note,
        origin=system.origin,
        weights=f"The weights ({size / 1e6:.1f} MB) are {where}",
        **{key: record[key] for key in ("command", "seed", "seconds", "hardware")},
    )


def load_system(folder: Path) -> System:
    """The system of a submission's folder, with its weights, in evaluation mode.

    Args:
        folder: Holds the recipe, the weights and the settings.

    Returns:
        The system, on the CPU.

    Raises:
        CxrbenchError: The weights are absent, corrupt or of another architecture.
    """
    recipe = load_recipe(folder / RECIPE)
    if not (folder / WEIGHTS).is_file():
        raise CxrbenchError(
            "the weights are absent", str(folder / WEIGHTS), "README.md has the command that makes them"
        )
    random = recipe.model_copy(update={"network": {**recipe.network, "pretrained": "none"}})
    system = systems[recipe.system](random)
    load_weights(system, folder / WEIGHTS)
    system.settings = json.loads((folder / SETTINGS).read_text("utf-8"))
    return system.eval()
