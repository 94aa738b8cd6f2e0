"""Result files: their schema, how they are scored, stored and compared."""

from cxrbench.results.schema import Result
from cxrbench.results.store import read_result, write_result

__all__ = ["Result", "read_result", "write_result"]
