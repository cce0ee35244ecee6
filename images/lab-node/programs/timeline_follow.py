"""Prints the session's timeline, and goes on with what is added to it.

stdout: the file's lines, whole ones only, and two of this program's: {"kind":"here"} once everything is printed that was there at the
beginning, and {"kind":"anew"} where the recorder has put a shorter file in its place, which then comes from its beginning.

stdin: its end ends this program, as the end of the engine does.
"""

import ctypes
import os
import select
import sys

TIMELINE = "/var/lib/hookpoint/timeline.ndjson"
# linux/inotify.h
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
IN_CLOEXEC = 0o2000000
PORTION = 1 << 18


class Follower:
    def __init__(self):
        self.events = self.watch(os.path.dirname(TIMELINE))
        self.file = None
        self.rest = b""

    def watch(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        events = libc.inotify_init1(IN_CLOEXEC)
        if events < 0 or libc.inotify_add_watch(events, folder.encode(), IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), "inotify", folder)
        return events

    def run(self):
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self.events, select.POLLIN)
        self.print_new()
        self.say("here")
        while True:
            for file, _ in poll.poll():
                if file == 0 and not os.read(0, 1 << 16):
                    return
                if file == self.events:
                    # What happened does not matter, only that something did.
                    os.read(self.events, 1 << 16)
                    self.print_new()

    def print_new(self):
        """Up to the end of the file that is there now."""
        while True:
            if self.file is not None:
                self.print_rest()
            try:
                status = os.stat(TIMELINE)
            except FileNotFoundError:
                return
            if self.file is not None and os.fstat(self.file).st_ino == status.st_ino:
                return
            if self.file is not None:
                os.close(self.file)
                self.rest = b""
                self.say("anew")
            self.file = os.open(TIMELINE, os.O_RDONLY | os.O_CLOEXEC)

    def print_rest(self):
        while True:
            data = os.read(self.file, PORTION)
            if not data:
                return
            whole, newline, rest = data.rpartition(b"\n")
            if newline:
                write_all(self.rest + whole + newline)
                self.rest = rest
            else:
                self.rest += rest

    def say(self, kind):
        write_all(b'{"kind":"%s"}\n' % kind.encode())


def write_all(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


try:
    Follower().run()
except BrokenPipeError:
    sys.exit(0)
