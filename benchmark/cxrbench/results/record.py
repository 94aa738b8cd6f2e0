"""The base of every record of a result file."""

from pydantic import BaseModel, ConfigDict


class StrictRecord(BaseModel):
    """A record whose unknown keys are errors and whose numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
