"""What a submission's process does to itself before it meets a stranger's code: a user of its own, and limits."""

import os
import resource


def take_on(uid: int | None, *, processes: int, file: int) -> None:
    """Become user `uid` for good (None: stay), and bound processes, file size and core dumps of this and all it starts.

    Where a limit is already lower it stays.
    """
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for kind, wanted in ((resource.RLIMIT_NPROC, processes), (resource.RLIMIT_FSIZE, file), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (bound, bound))
