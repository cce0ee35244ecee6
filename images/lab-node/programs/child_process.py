"""Programs that a streaming program starts: they end with it, however it ends."""

import ctypes
import os
import resource
import signal

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
NOBODY = 65534

libc = ctypes.CDLL(None)


def ends_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def in_namespace(path):
    """For Popen's preexec_fn: in the network namespace at `path`."""

    def enter():
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.setns(descriptor, os.CLONE_NEWNET)
        os.close(descriptor)
        ends_with_parent()

    return enter


def as_nobody():
    """For Popen's preexec_fn: for what reads bytes that anybody sent. A change of user forgets about the parent, so that comes last."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ends_with_parent()
