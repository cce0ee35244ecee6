"""The file that the recorder writes: one JSON object a line, whole lines only, in the order of time.

Bounded: every BASE_EVERY bytes the recorder writes each node's full state (`base` records). When the file is larger than LIMIT, what
stands before a base near its middle is dropped, all but marks and log lines, and a gap says so.
"""

import json
import os
import time

LIMIT = 32 << 20
BASE_EVERY = 3 << 20
KEPT_KINDS = ("mark", "log", "gap")


class TimelineFile:
    def __init__(self, path):
        self.path = path
        self.last = self.repair()
        self.since_base = 0
        self.open()

    def open(self):
        self.file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.size = os.fstat(self.file).st_size

    def repair(self):
        """Ends a line that a killed recorder left unfinished. Gives the time of the last whole record, None in a new file."""
        try:
            with open(self.path, "r+b") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - (1 << 20)))
                tail = file.read()
                if tail and not tail.endswith(b"\n"):
                    file.write(b"\n")
        except FileNotFoundError:
            return None
        for line in reversed(tail.split(b"\n")):
            try:
                return float(json.loads(line)["t"])
            except (ValueError, KeyError, TypeError):
                continue
        return None if not tail else time.time()

    def put_before(self, path):
        """What an earlier recorder of the session wrote comes first. A reader sees the file as it was or with all of it."""
        temporary = self.path + ".new"
        with open(temporary, "wb") as new:
            for source in (path, self.path):
                with open(source, "rb") as old:
                    last = b"\n"
                    while part := old.read(1 << 20):
                        last = part
                        new.write(part)
                    if not last.endswith(b"\n"):
                        new.write(b"\n")
            new.flush()
            os.fsync(new.fileno())
        os.rename(temporary, self.path)
        os.close(self.file)
        self.open()

    def write(self, records):
        """Appends records at once; each has its time `t`."""
        if not records:
            return
        data = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records).encode()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.file, view) :]
        except OSError:
            # A full volume: what is there stays readable, the loss is said as soon as there is room again.
            if len(view) < len(data):
                os.write(self.file, b"\n")
            raise
        self.size += len(data)
        self.since_base += len(data)
        self.last = records[-1]["t"]

    def wants_base(self):
        return self.since_base >= BASE_EVERY

    def based(self):
        self.since_base = 0

    def compact(self, nodes):
        """Drops the older part if the file is too large. A base counts only when each of `nodes` has one there."""
        if self.size <= LIMIT:
            return False
        cut = self.find_cut(nodes)
        if cut is None:
            return False
        first = None
        cut_time = None
        temporary = self.path + ".new"
        with open(self.path, "rb") as old, open(temporary, "wb") as new:
            position = 0
            kept = []
            for line in old:
                if position >= cut:
                    if cut_time is None:
                        cut_time = time_of(line)
                        gap = {"t": cut_time, "kind": "gap", "what": "states", "node": None, "from": first, "to": cut_time, "reason": "compacted"}
                        new.write(b"".join(kept) + json.dumps(gap, separators=(",", ":")).encode() + b"\n")
                    new.write(line)
                else:
                    first = first if first is not None else time_of(line)
                    if kind_of(line) in KEPT_KINDS:
                        kept.append(line)
                        kept = kept[-20000:]
                position += len(line)
            new.flush()
            os.fsync(new.fileno())
        os.rename(temporary, self.path)
        os.close(self.file)
        self.open()
        return True

    def find_cut(self, nodes):
        """Where the first full set of bases after the middle begins."""
        start = None
        seen = set()
        position = 0
        with open(self.path, "rb") as file:
            for line in file:
                if position >= self.size // 2:
                    if kind_of(line) == "base":
                        if start is None:
                            start, seen = position, set()
                        seen.add(json.loads(line).get("node"))
                        if seen >= set(nodes):
                            return start
                    elif start is not None:
                        start = None
                position += len(line)
        return None


def kind_of(line):
    """The record's kind without parsing the line: the writer puts it second."""
    at = line.find(b'"kind":"', 0, 64)
    return line[at + 8 : line.find(b'"', at + 8)].decode() if at >= 0 else ""


def time_of(line):
    try:
        return float(json.loads(line)["t"])
    except (ValueError, KeyError, TypeError):
        return None
