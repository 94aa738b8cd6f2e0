"""Recipes: every hyper-parameter of a trained baseline, in one YAML file that is checked before anything starts.

A packaged recipe is found by its name (`cxrbench train lung-unet`), any other by its path. A variant names its `base`
and the `changes` to it, written as on the command line. `not_stated` lists what the paper leaves open; the recipe's
values there are our choice. This module imports no torch: recipes are read and listed without it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from cxrbench.errors import UsageError
from cxrbench.registry import make_unknown_name_error
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PACKAGE = Path(__file__).parent
Fraction = Annotated[float, Field(ge=0, lt=1)]


class StrictModel(BaseModel):
    """A record that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(BaseModel):
    """One operation of a list: its name `op`, its probability where it is random, and its own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    op: str
    p: Fraction | Literal[1] = 1

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but its name and its probability."""
        return dict(self.model_extra or {})


class InputSpec(StrictModel):
    """What the network sees: side of the square in pixels, channels, the fixed steps before and the normalisation.

    `normalise`: "unit" leaves [0, 1]; "imagenet" takes the mean and standard deviation of ImageNet, "half" 0.5 and 0.5
    (what EfficientNet-Lite was trained with), "image" those of the image itself. `spacing` is the in-plane size of a
    pixel in mm that CT slices are resampled to.
    """

    size: Annotated[int, Field(ge=16, le=2048)]
    channels: Literal[1, 3] = 1
    preprocessing: tuple[Step, ...] = ()
    normalise: Literal["unit", "half", "imagenet", "image"] = "unit"
    spacing: Annotated[float, Field(gt=0)] | None = None


class Optimizer(StrictModel):
    """Adam, AdamW, RMSprop or SGD."""

    name: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    lr: Annotated[float, Field(gt=0)]
    amsgrad: bool = False
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Fraction = 0.0


class Schedule(StrictModel):
    """How the learning rate moves.

    `plateau` multiplies it by `factor` once the monitored quality has not risen for `patience` epochs; `step` by
    `factor` after `at_step` steps; `one-cycle` and `cosine` span the whole stage.
    """

    name: Literal["constant", "plateau", "step", "one-cycle", "cosine"] = "constant"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 5
    at_step: Annotated[int, Field(ge=1)] | None = None


class Stopping(StrictModel):
    """Early stopping on the monitored quality, which is better when higher."""

    patience: Annotated[int, Field(ge=1)]
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class Stage(StrictModel):
    """One training run: what it learns from, for how long, how.

    `data` are tracks (`task/dataset[@split]/part`): cases of that part that have the task's truth. `validation` is the
    fraction of patients held out of them where a split has no part `val`; with 0 no patient is held out, and the last
    epoch is kept. The keys of `loss` are the system's own. `ema` is the decay of an exponential moving average of the
    weights. `select` says whether the best epoch by validation or the last one is kept. A stage with a closed solution
    has no optimizer.
    """

    name: str
    data: tuple[str, ...]
    epochs: Annotated[int, Field(ge=1)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None
    batch: Annotated[int, Field(ge=1)] = 1
    optimizer: Optimizer | None = None
    schedule: Schedule = Schedule()
    loss: dict[str, Any] = Field(default_factory=dict)
    augmentation: tuple[Step, ...] = ()
    stopping: Stopping | None = None
    validation: Fraction = 0.15
    select: Literal["best", "last"] = "best"
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    clip: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _check_length(self) -> "Stage":
        if self.optimizer is not None and (self.epochs is None) == (self.steps is None):
            raise ValueError("a stage has either epochs or steps")
        if self.optimizer is None and (self.epochs or self.steps):
            raise ValueError("a stage of epochs or steps has an optimizer")
        return self

    def loss_of(self, name: str) -> Any:
        """A setting of the stage's loss.

        Args:
            name: Key under `loss`.

        Returns:
            Its value in the recipe.

        Raises:
            UsageError: The recipe does not have the key.
        """
        if name not in self.loss:
            raise UsageError("the recipe does not name this loss", f"stages.{self.name}.loss.{name}", "add it")
        return self.loss[name]


class Recipe(StrictModel):
    """A whole training, from the first weights to a submission."""

    system: str
    title: str
    paper: str
    where: str
    input: InputSpec
    network: dict[str, Any] = Field(default_factory=dict)
    stages: tuple[Stage, ...]
    predict: dict[str, Any] = Field(default_factory=dict)
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    not_stated: tuple[str, ...] = ()
    note: str = ""

    def stage(self, name: str) -> Stage:
        """A stage by its name.

        Args:
            name: Name of the stage.

        Returns:
            The stage.

        Raises:
            UsageError: There is no stage of this name.
        """
        by_name = {stage.name: stage for stage in self.stages}
        if name not in by_name:
            raise make_unknown_name_error("stage of this recipe", name, by_name)
        return by_name[name]


def list_recipes() -> dict[str, Path]:
    """The recipes that come with the package: name to file."""
    return {path.stem: path for path in sorted(PACKAGE.glob("systems/*/recipes/*.yaml"))}


def find_recipe(name: str) -> Path:
    """The file of a recipe.

    Args:
        name: Name of a packaged recipe, or a path.

    Returns:
        The file.

    Raises:
        UsageError: It is neither.

    Example:
        >>> find_recipe("lung-unet").name
        'lung-unet.yaml'
    """
    known = list_recipes()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return path
    raise make_unknown_name_error("recipe", name, known)


def load_recipe(name: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        name: Name of a packaged recipe, or a path.
        changes: Each `key.key=value`, with stages by name or number and values in YAML.

    Returns:
        The changed recipe.

    Raises:
        UsageError: The recipe or a change does not fit; the message names the first broken key.

    Example:
        >>> load_recipe("lung-unet", ["input.size=64"]).input.size
        64
    """
    path = find_recipe(str(name))
    document = _read_document(path)
    for change in changes:
        _apply_change(document, change)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(f"the recipe does not fit ({first['msg']})", f"{path.name}, {place}", "correct it") from error


def _read_document(path: Path) -> Any:
    """A recipe's YAML; one with `base` is the packaged recipe of that name with its `changes` and its other keys."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError("the recipe is not YAML", f"{path}: {error}", "correct it") from error
    if not isinstance(document, dict) or "base" not in document:
        return document
    variant = dict(document)
    base = _read_document(find_recipe(str(variant.pop("base"))))
    for change in variant.pop("changes", ()):
        _apply_change(base, str(change))
    return base | variant


def _apply_change(document: Any, change: str) -> None:
    """Set one value in place."""
    place, equals, text = change.partition("=")
    *above, last = place.split(".")
    if not equals or not last:
        raise UsageError("a change is written key.key=value", change, "correct --set")
    node = document
    for key in above:
        node = _get_child(node, key, change)
    value = yaml.safe_load(text)
    if isinstance(node, list):
        node[_find_index(node, last, change)] = value
    else:
        node[last] = value


def _get_child(node: Any, key: str, change: str) -> Any:
    """The value of a key; an absent one becomes an empty record."""
    if isinstance(node, list):
        return node[_find_index(node, key, change)]
    if not isinstance(node, dict) or not isinstance(node.setdefault(key, {}), dict | list):
        raise UsageError("no such place in the recipe", change, "correct --set")
    return node[key]


def _find_index(items: list[Any], key: str, change: str) -> int:
    """The number of a list's item, given as number or as the item's `name`."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    if key.isdigit() and int(key) < len(items):
        return int(key)
    raise make_unknown_name_error(f"item of the list in {change}", key, [name for name in names if name])


def dump_recipe(recipe: Recipe) -> str:
    """A recipe as the YAML that is written to a submission's folder.

    Args:
        recipe: The recipe.

    Returns:
        YAML without the keys that have their default value.
    """
    return yaml.safe_dump(recipe.model_dump(mode="json", exclude_defaults=True), sort_keys=False, width=110)
