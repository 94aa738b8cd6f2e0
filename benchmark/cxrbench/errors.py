"""One family of errors: each says what is wrong, where, and what to do, in one line.

The command line turns a `CxrbenchError` into its one line on stderr and its exit code; nothing else exits.
"""

from typing import ClassVar


class CxrbenchError(Exception):
    """Something failed that the user can do something about (exit code 1).

    `what` went wrong, `where` it was found (a file, a case, a name) and what to do about it (`fix`).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = (" ".join(part.split()) for part in (what, where, fix))
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The error in one line: `what: where; fix`."""
        found = f"{self.what}: {self.where}" if self.where else self.what
        return f"{found}; {self.fix}" if self.fix else found


class UsageError(CxrbenchError):
    """A name, a path or an option that does not exist (exit code 2)."""

    exit_code = 2


class SubmissionError(CxrbenchError):
    """The submission broke its contract (exit code 3)."""

    exit_code = 3


class DataError(CxrbenchError):
    """Data is missing or corrupt (exit code 4)."""

    exit_code = 4


class IsolationError(CxrbenchError):
    """Isolation was refused or a limit was hit (exit code 5)."""

    exit_code = 5
