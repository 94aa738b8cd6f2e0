"""The phantom as a dataset: needs no data folder."""

from cxrbench.case import Case, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, adapters
from cxrbench.phantom import PhantomCase, phantom


@adapters.register("phantom")
def phantom_dataset(data: DataFolder) -> Dataset:  # noqa: ARG001
    """List the embedded phantom's cases; `data` is not looked at."""
    return Dataset("phantom", tuple(_case(drawn) for drawn in phantom()))


def _case(drawn: PhantomCase) -> Case:
    return Case(
        id=drawn.id,
        patient=drawn.patient,
        dataset="phantom",
        targets=Targets(brixia=drawn.brixia, lung_mask=lambda: drawn.lung_mask),
        meta={"synthetic": True, "zone_opacity": drawn.opacity},
        load=lambda: Image(drawn.pixels),
    )
