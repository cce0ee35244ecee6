"""Several commands at once without the weight of the subprocess module: a snapshot starts a dozen."""

import os
import select
import time


class Command:
    """One running command; its output is complete after wait_all."""

    def __init__(self, argv):
        self.argv = argv
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out_write, 1),
            (os.POSIX_SPAWN_DUP2, err_write, 2),
        ]
        self.parts = {out_read: [], err_read: []}
        self.streams = (out_read, err_read)
        self.status = None
        try:
            self.pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, file_actions=actions)
        except OSError:
            os.close(out_read)
            os.close(err_read)
            raise
        finally:
            os.close(out_write)
            os.close(err_write)

    @property
    def output(self):
        return b"".join(self.parts[self.streams[0]]).decode("utf-8", "replace")

    @property
    def errors(self):
        return b"".join(self.parts[self.streams[1]]).decode("utf-8", "replace")

    def failure(self):
        """Why it failed, or None."""
        if self.status == 0:
            return None
        reason = self.errors.strip() or "status %s" % self.status
        return "%s: %s" % (os.path.basename(self.argv[0]), reason)


def wait_all(commands, seconds=20):
    """Reads all outputs to their ends. What is not done in time is killed and has the status 'timed out'."""
    poll = select.poll()
    owner = {}
    for command in commands:
        for stream in command.streams:
            owner[stream] = command
            poll.register(stream, select.POLLIN | select.POLLHUP)
    deadline = time.monotonic() + seconds
    while owner:
        left = deadline - time.monotonic()
        if left <= 0:
            for command in {id(c): c for c in owner.values()}.values():
                os.kill(command.pid, 9)
                command.status = "timed out"
            break
        for stream, _ in poll.poll(left * 1000):
            data = os.read(stream, 1 << 16)
            if data:
                owner[stream].parts[stream].append(data)
            else:
                poll.unregister(stream)
                del owner[stream]
                os.close(stream)
    for stream in owner:
        os.close(stream)
    for command in commands:
        _, status = os.waitpid(command.pid, 0)
        if command.status is None:
            command.status = os.waitstatus_to_exitcode(status)
