"""A shell of a node on a terminal of its own: `terminal.py COLUMNS ROWS COMMAND...`; the command enters the node (`runc ... exec --tty ...`).

stdout: the line `ready`, then what the terminal prints, as it is. No more than WINDOW bytes go out that the other end has not said it has
read: Docker alone would take in more than a megabyte, and everything that a program printed before Ctrl-C would have to be shown before the
next prompt.

stdin: frames of a letter, a length (4 bytes, big-endian) and as many bytes: `k` keys, `s` size (columns and rows, 2 bytes each), `a` bytes
read (4 bytes). Its end hangs the shell up, as on a terminal that is closed: so nothing stays behind where the engine was killed.

Ends as the shell did: its status, or 128 and the signal's number; the line `signal NUMBER` on stderr says that it was the shell and not this
program that the signal ended.
"""

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios

WINDOW = 64 << 10
TOGETHER = 32 << 10
# What a program that reads nothing is sent is kept up to here; a terminal drops what comes then.
TYPED = 16 << 20
# Seconds for a shell that was hung up.
PATIENCE = 1
PR_SET_CHILD_SUBREAPER = 36


def begin(command):
    """Starts the command: our end of its terminal, and its process. `runc exec` hands both over and goes; what it started is our child then,
    so that its status is ours to read."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    path = "/run/hookpoint/terminal.%d" % os.getpid()
    handing_over = ("--detach", "--console-socket", path, "--pid-file", path + ".pid")
    at = command.index("exec") + 1
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        try:
            status = subprocess.run([*command[:at], *handing_over, *command[at:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
            if status != 0:
                sys.exit(status)
            with listener.accept()[0] as connection:
                _, (master,), _, _ = socket.recv_fds(connection, 4096, 1)
            with open(path + ".pid") as file:
                process = int(file.read())
        finally:
            for name in (path, path + ".pid"):
                if os.path.exists(name):
                    os.unlink(name)
    os.set_blocking(master, False)
    return master, process


class Relay:
    def __init__(self, master):
        self.master = master
        self.unread = 0
        self.typed = bytearray()
        self.frames = bytearray()

    def run(self):
        """Until the terminal has ended, or the other end has."""
        while True:
            poll = select.poll()
            poll.register(0, select.POLLIN)
            # While the window is full its hang-up, too, is left for later: it would be told again and again.
            if self.unread < WINDOW:
                poll.register(self.master, select.POLLIN | (select.POLLOUT if self.typed else 0))
            for file, _ in poll.poll():
                if file == 0 and not self.take_frames():
                    return
                if file == self.master and not (self.print() and self.type()):
                    return

    def print(self):
        """A terminal gives a page at a time; several go out together."""
        printed = bytearray()
        ended = False
        while self.unread + len(printed) < WINDOW and len(printed) < TOGETHER:
            try:
                printed += os.read(self.master, TOGETHER)
            except BlockingIOError:
                break
            except OSError:
                # EIO: nobody has the terminal any more.
                ended = True
                break
        self.unread += len(printed)
        return write_all(printed) and not ended

    def type(self):
        if self.typed:
            try:
                del self.typed[: os.write(self.master, self.typed)]
            except BlockingIOError:
                pass
            except OSError:
                return False
        return True

    def take_frames(self):
        data = os.read(0, 1 << 16)
        if not data:
            return False
        self.frames += data
        while len(self.frames) >= 5:
            kind, length = struct.unpack_from("!cI", self.frames)
            if len(self.frames) < 5 + length:
                break
            self.take(kind, bytes(self.frames[5 : 5 + length]))
            del self.frames[: 5 + length]
        return True

    def take(self, kind, body):
        if kind == b"k":
            self.typed += body[: max(0, TYPED - len(self.typed))]
            self.type()
        elif kind == b"s":
            resize(self.master, *struct.unpack("!HH", body))
        elif kind == b"a":
            self.unread -= struct.unpack("!I", body)[0]


def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def write_all(data):
    """False where nobody reads any more."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(1, view) :]
    except BrokenPipeError:
        return False
    return True


def end(master, process):
    """Hangs the shell up by closing its terminal; its status."""
    ended = os.pidfd_open(process)
    # The kernel tells the shell and what is in the foreground (credentials(7), "Sessions").
    os.close(master)
    if not select.select([ended], [], [], PATIENCE)[0]:
        for kill in (lambda: os.killpg(process, signal.SIGKILL), lambda: os.kill(process, signal.SIGKILL)):
            try:
                kill()
            except ProcessLookupError:
                pass
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(columns, rows, *command):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    master, process = begin(command)
    resize(master, int(columns), int(rows))
    if write_all(b"ready\n"):
        Relay(master).run()
    status = end(master, process)
    if status < 0:
        print("signal", -status, file=sys.stderr, flush=True)
    sys.exit(status if status >= 0 else 128 - status)


main(*sys.argv[1:])
