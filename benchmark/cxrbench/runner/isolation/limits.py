"""What a submission's process does to itself before it runs a stranger's code: a user of its own, and limits."""

import os
import resource


def apply_limits(uid: int | None, *, processes: int, file: int) -> None:
    """Change the user for good and limit this process and all that it starts; core dumps are forbidden.

    Args:
        uid: The user to become; None keeps the present one.
        processes: How many processes and threads the user may have.
        file: The largest file in bytes. A limit that is already lower stays.
    """
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for kind, wanted in ((resource.RLIMIT_NPROC, processes), (resource.RLIMIT_FSIZE, file), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (bound, bound))
