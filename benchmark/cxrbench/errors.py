"""One family of errors. Each says in one line what is wrong, where, and what to do.

The command line prints a `CxrbenchError` as one line on stderr and exits with its exit code. Nothing else exits.
"""

from typing import ClassVar


class CxrbenchError(Exception):
    """A failure that the user can do something about (exit code 1).

    Attributes:
        what: What went wrong.
        where: Where it went wrong: a file, a case, a name. May be empty.
        fix: What to do about it. May be empty.

    Example:
        >>> from cxrbench import CxrbenchError
        >>> str(CxrbenchError("image not found", "cohen/a.png", "check --data"))
        'image not found: cohen/a.png; check --data'
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = (" ".join(part.split()) for part in (what, where, fix))
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The error in one line with what is wrong, where, and what to do."""
        text = f"{self.what}: {self.where}" if self.where else self.what
        return f"{text}; {self.fix}" if self.fix else text


class UsageError(CxrbenchError):
    """A name, a path or an option that does not exist (exit code 2)."""

    exit_code = 2


class SubmissionError(CxrbenchError):
    """The submission violates its contract (exit code 3)."""

    exit_code = 3


class DataError(CxrbenchError):
    """Data is absent or damaged (exit code 4)."""

    exit_code = 4


class IsolationError(CxrbenchError):
    """Isolation was refused, or a resource limit was exceeded (exit code 5)."""

    exit_code = 5
