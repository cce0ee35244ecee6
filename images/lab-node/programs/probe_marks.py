"""When the grader probed, as the recorder's marks say: read along while packets come."""

import json
import os

TIMELINE = "/var/lib/hookpoint/timeline.ndjson"
# A probe that nobody ended is over after so many seconds, unless its mark says how long it takes.
LONGEST = 30
TAIL = 64 << 10
KEPT = 100


class ProbeMarks:
    def __init__(self, path=TIMELINE):
        self.path = path
        self.file = None
        self.inode = None
        self.unfinished = b""
        self.probes = []
        self.update()

    def update(self):
        """Reads what was written since. The file is replaced where it was compacted; what is far behind is left out."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return
        if self.file is None or status.st_ino != self.inode:
            if self.file is not None:
                os.close(self.file)
            self.file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            self.inode = status.st_ino
            self.skip_to(max(0, status.st_size - TAIL))
        elif status.st_size - self.position > TAIL * 16:
            self.skip_to(status.st_size - TAIL)
        while self.position < status.st_size:
            data = os.pread(self.file, 1 << 20, self.position)
            if not data:
                return
            self.position += len(data)
            *lines, self.unfinished = (self.unfinished + data).split(b"\n")
            for line in lines:
                if line.find(b'"kind":"mark"', 0, 64) >= 0:
                    self.take(line)

    def skip_to(self, position):
        self.position = position
        self.unfinished = b""

    def take(self, line):
        try:
            mark = json.loads(line)
            if mark["name"] == "probe-begin":
                self.probes.append([mark["t"], mark["t"] + float(mark.get("detail", LONGEST))])
                del self.probes[:-KEPT]
            elif mark["name"] == "probe-end" and self.probes:
                self.probes[-1][1] = min(self.probes[-1][1], mark["t"])
        except (ValueError, KeyError, TypeError):
            return  # a line that a killed writer left

    def under_way(self, time):
        return any(begin <= time <= end for begin, end in reversed(self.probes))
