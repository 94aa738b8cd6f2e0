"""Recipes: every hyper-parameter of a trained baseline, in one YAML file that is checked before anything starts.

A packaged recipe is found by its name (`cxrbench train lung-unet`), any other by its path. A variant names its `base`
and the `changes` to it, written as on the command line. `not_stated` lists what the paper leaves open; what stands in
the recipe there is our choice. No torch here: recipes are read and listed without it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from cxrbench.errors import UsageError
from cxrbench.registry import unknown
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

HERE = Path(__file__).parent
Share = Annotated[float, Field(ge=0, lt=1)]


class Strict(BaseModel):
    """A record that takes no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(BaseModel):
    """One operation of a list: its name `op`, its probability where it is random, and its own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    op: str
    p: Share | Literal[1] = 1

    @property
    def settings(self) -> dict[str, Any]:
        """What the operation takes beside its probability."""
        return dict(self.model_extra or {})


class Input(Strict):
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


class Optimizer(Strict):
    """Adam, AdamW, RMSprop or SGD."""

    name: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    lr: Annotated[float, Field(gt=0)]
    amsgrad: bool = False
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Share = 0.0


class Schedule(Strict):
    """How the learning rate moves.

    `plateau` multiplies it by `factor` once the monitored quality has not risen for `patience` epochs; `step` by
    `factor` after `at_step` steps; `one-cycle` and `cosine` span the whole stage.
    """

    name: Literal["constant", "plateau", "step", "one-cycle", "cosine"] = "constant"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 5
    at_step: Annotated[int, Field(ge=1)] | None = None


class Stopping(Strict):
    """Early stopping on the monitored quality, which is better when higher."""

    patience: Annotated[int, Field(ge=1)]
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class Stage(Strict):
    """One training run: what it learns from, for how long, how.

    `data` are tracks (`task/dataset[@split]/part`): cases of that part that have the task's truth. `validation` is the
    share of patients held out of them where a split has no part `val`; 0 holds nobody out, and the last epoch is kept.
    `loss` are the system's own words. `ema` is the decay of an exponential moving average of the weights. `select`
    says whether the best epoch by validation or the last one is kept. A stage with a closed solution has no optimizer.
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
    validation: Share = 0.15
    select: Literal["best", "last"] = "best"
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    clip: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_length(self) -> "Stage":
        if self.optimizer is not None and (self.epochs is None) == (self.steps is None):
            raise ValueError("a stage has either epochs or steps")
        if self.optimizer is None and (self.epochs or self.steps):
            raise ValueError("a stage of epochs or steps has an optimizer")
        return self

    def loss_of(self, name: str) -> Any:
        """What the recipe says of a loss. Raises `UsageError` where it does not say it."""
        if name not in self.loss:
            raise UsageError("the recipe does not name this loss", f"stages.{self.name}.loss.{name}", "add it")
        return self.loss[name]


class Recipe(Strict):
    """A whole training, from nothing to a submission."""

    system: str
    title: str
    paper: str
    where: str
    input: Input
    network: dict[str, Any] = Field(default_factory=dict)
    stages: tuple[Stage, ...]
    predict: dict[str, Any] = Field(default_factory=dict)
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    not_stated: tuple[str, ...] = ()
    note: str = ""

    def stage(self, name: str) -> Stage:
        """The stage of this name. Raises `UsageError` where there is none."""
        found = {stage.name: stage for stage in self.stages}
        if name not in found:
            raise unknown("stage of this recipe", name, found)
        return found[name]


def packaged() -> dict[str, Path]:
    """The recipes that come with the package: name to file."""
    return {path.stem: path for path in sorted(HERE.glob("systems/*/recipes/*.yaml"))}


def find(name: str) -> Path:
    """The file of a packaged recipe's name, or of a path. Raises `UsageError` for neither."""
    known = packaged()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return path
    raise unknown("recipe", name, known)


def load_recipe(name: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe, with `key.key=value` changes (stages by name or number; values in YAML).

    Raises `UsageError` with the first broken key for a recipe or a change that does not fit.
    """
    path = find(str(name))
    document = _document(path)
    for change in changes:
        _change(document, change)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(f"the recipe does not fit ({first['msg']})", f"{path.name}, {place}", "correct it") from error


def _document(path: Path) -> Any:
    """A recipe's YAML; one with `base` is the packaged recipe of that name with its `changes` and its other keys."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError("the recipe is not YAML", f"{path}: {error}", "correct it") from error
    if not isinstance(document, dict) or "base" not in document:
        return document
    own = dict(document)
    found = _document(find(str(own.pop("base"))))
    for change in own.pop("changes", ()):
        _change(found, str(change))
    return found | own


def _change(document: Any, change: str) -> None:
    """Set one value in place."""
    place, equals, text = change.partition("=")
    *above, last = place.split(".")
    if not equals or not last:
        raise UsageError("a change is written key.key=value", change, "correct --set")
    node = document
    for key in above:
        node = _below(node, key, change)
    value = yaml.safe_load(text)
    if isinstance(node, list):
        node[_index(node, last, change)] = value
    else:
        node[last] = value


def _below(node: Any, key: str, change: str) -> Any:
    """What stands under a key; an absent one is an empty record."""
    if isinstance(node, list):
        return node[_index(node, key, change)]
    if not isinstance(node, dict) or not isinstance(node.setdefault(key, {}), dict | list):
        raise UsageError("no such place in the recipe", change, "correct --set")
    return node[key]


def _index(items: list[Any], key: str, change: str) -> int:
    """The number of a list's item, given as number or as the item's `name`."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    if key.isdigit() and int(key) < len(items):
        return int(key)
    raise unknown(f"item of the list in {change}", key, [name for name in names if name])


def dump(recipe: Recipe) -> str:
    """The recipe as YAML, as it is written beside the weights."""
    return yaml.safe_dump(recipe.model_dump(mode="json", exclude_defaults=True), sort_keys=False, width=110)
