"""Result files: their schema, how they are stored, and where they come from."""

from cxrbench.results.schema import Result
from cxrbench.results.store import read_result, write_result

__all__ = ["Result", "read_result", "write_result"]
