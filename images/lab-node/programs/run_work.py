"""Runs somebody's work in a node: `run_work.py NODE SECONDS COMMAND...`; the command enters the node. Prints one line of JSON.

Done when the command ends, whatever it left in the background; what that still writes goes nowhere, and it lives on. After SECONDS
everything that was started in the node since the work began is killed. Of each output the first part is kept.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time

RUNC = ("runc", "--root", "/run/hookpoint/runc")
KEPT = 64 << 10
# What may still be in a pipe of a process that has ended (pipe(7)), and as much again.
DRAINED = 128 << 10
PR_SET_CHILD_SUBREAPER = 36


class Output:
    """The reading end of a pipe that the work writes to."""

    def __init__(self):
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        self.kept = bytearray()
        self.length = 0
        self.ended = False

    def read(self):
        data = os.read(self.reader, 1 << 16)
        self.ended = not data
        self.length += len(data)
        self.kept += data[: KEPT - len(self.kept)]
        return len(data)

    def drain(self):
        """What was written until now."""
        fcntl.fcntl(self.reader, fcntl.F_SETFL, os.O_NONBLOCK)
        most = self.length + DRAINED
        try:
            while not self.ended and self.length < most:
                self.read()
        except BlockingIOError:
            pass
        fcntl.fcntl(self.reader, fcntl.F_SETFL, 0)

    def leave(self):
        """Somebody must go on reading, or what stays in the background dies of SIGPIPE at its next word."""
        if not self.ended:
            devnull = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)
            actions = [(os.POSIX_SPAWN_DUP2, self.reader, 0), (os.POSIX_SPAWN_DUP2, devnull, 1), (os.POSIX_SPAWN_DUP2, devnull, 2)]
            os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=actions, setsid=True)
            os.close(devnull)
        os.close(self.reader)

    def text(self):
        return self.kept.decode("utf-8", "replace")


def started(pid):
    """Clock ticks since boot (proc_pid_stat(5), field 22)."""
    with open("/proc/%s/stat" % pid, "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def end_work(node, began):
    """Kills what is younger than the work. The node stands still meanwhile, so that nothing forks away."""
    for _ in range(3):
        paused = subprocess.run([*RUNC, "pause", node], capture_output=True).returncode == 0
        try:
            listed = subprocess.run([*RUNC, "ps", "--format", "json", node], capture_output=True).stdout
            found = False
            for pid in json.loads(listed or b"null") or ():
                try:
                    if started(pid) >= began:
                        os.kill(pid, signal.SIGKILL)
                        found = True
                except (FileNotFoundError, ProcessLookupError):
                    continue
        finally:
            if paused:
                subprocess.run([*RUNC, "resume", node], capture_output=True)
        if paused or not found:
            return


def enter(argv, outputs):
    """Starts the command and gives its process. `runc exec` itself would wait until nobody holds the output; detached it goes, and what
    it started becomes our child."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit("no subreaper")
    file = "/run/hookpoint/work.%d.pid" % os.getpid()
    at = argv.index("exec") + 1
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, output.writer, number) for number, output in enumerate(outputs, 1)]
    runc = os.posix_spawnp(argv[0], [*argv[:at], "--detach", "--pid-file", file, *argv[at:]], os.environ, file_actions=actions)
    for output in outputs:
        os.close(output.writer)
    if os.waitstatus_to_exitcode(os.waitpid(runc, 0)[1]) != 0:
        for output in outputs:
            output.drain()
        raise SystemExit(outputs[1].text() or "runc exec failed")
    with open(file) as content:
        pid = int(content.read())
    os.unlink(file)
    return pid


def run(node, seconds, argv):
    began = started("self")
    outputs = (Output(), Output())
    pid = enter(argv, outputs)
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    readers = {output.reader: output for output in outputs}
    for reader in readers:
        poll.register(reader, select.POLLIN | select.POLLHUP)
    deadline = time.monotonic() + seconds
    timed_out = done = False
    while not done:
        left = deadline - time.monotonic()
        if left <= 0:
            timed_out = True
            end_work(node, began)
            break
        for descriptor, _ in poll.poll(left * 1000):
            if descriptor == ended:
                done = True
            else:
                readers[descriptor].read()
                if readers[descriptor].ended:
                    poll.unregister(descriptor)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for output in outputs:
        output.drain()
    out, err = outputs
    print(json.dumps({"exitCode": status if status >= 0 else 128 - status, "timedOut": timed_out, "stdout": out.text(), "stderr": err.text()}), flush=True)
    for output in outputs:
        output.leave()


run(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
