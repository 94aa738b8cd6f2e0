"""`cxrbench new`."""

from pathlib import Path

import click

from cxrbench.cli.output import add_json_option, print_json
from cxrbench.errors import UsageError

TEMPLATE = '''"""{name}: the mean brightness of six boxes over the lungs, as a Brixia score. Put your model here."""

import cxrbench
import numpy as np


class {kind}(cxrbench.Submission):
    name = "{name}"
    title = "{name}"
    tasks = ("brixia-severity",)

    def setup(self, device):
        """Load weights here, from files next to this one."""

    def predict(self, images):
        """One dict per image: six zone scores in [0, 3], A-C the patient's right lung (image-left), D-F the left."""
        return [{{"brixia": measure_zone_brightness(image.pixels) * 3}} for image in images]


def measure_zone_brightness(pixels):
    """Mean pixel value of six boxes in the order A...F; air is 0, bone is 1."""
    height, width = pixels.shape
    rows = [slice(int(a * height), int(b * height)) for a, b in ((0.15, 0.35), (0.35, 0.55), (0.55, 0.75))]
    sides = [slice(int(a * width), int(b * width)) for a, b in ((0.15, 0.42), (0.58, 0.85))]
    return np.array([pixels[row, side].mean() for side in sides for row in rows])
'''


@click.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="submissions", show_default=True)
@add_json_option
def new(name: str, out: Path, as_json: bool) -> None:
    """Write submissions/NAME/submission.py: a working submission to start from."""
    if not name.replace("-", "").isascii() or not name.replace("-", "").isalnum() or not name[0].isalpha():
        raise UsageError(
            "a name consists of letters, digits and dashes, and begins with a letter", name, "choose another"
        )
    path = out / name / "submission.py"
    if path.exists():
        raise UsageError("this submission exists already", str(path), "choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "".join(word.capitalize() for word in name.split("-"))
    path.write_text(TEMPLATE.format(name=name, kind=kind), "utf-8")
    if as_json:
        print_json({"submission": str(path)})
    else:
        click.echo(f"wrote {path}; run it with: cxrbench evaluate {path}")
