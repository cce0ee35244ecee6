"""A stream in libpcap's file format (pcap-savefile(5)), packet by packet as it comes, and tcpdump's words for packets of it."""

import os
import struct
import subprocess
import tempfile
from collections import deque

from child_process import as_nobody

HEADER_SIZE = 24
RECORD = struct.Struct("=IIII")
# Of tcpdump's words for one packet, in bytes.
LONGEST_DETAIL = 64 << 10
READER = ("/usr/bin/tcpdump", "-r", "-", "-n", "-e")


class PacketReader:
    """Cuts the stream that `tcpdump -w -` writes here into packets."""

    def __init__(self):
        self.header = b""
        self.data = bytearray()

    def feed(self, data):
        """(time, where its record begins, where it ends) of each packet that is whole now, within `self.data`; `consume` comes after."""
        self.data += data
        position = 0
        if not self.header:
            if len(self.data) < HEADER_SIZE:
                return []
            self.header = bytes(self.data[:HEADER_SIZE])
            position = HEADER_SIZE
        packets = []
        size = len(self.data)
        unpack = RECORD.unpack_from
        while position + 16 <= size:
            seconds, micros, length, _ = unpack(self.data, position)
            end = position + 16 + length
            if end > size:
                break
            packets.append((seconds + micros / 1e6, position, end))
            position = end
        self.done = position
        return packets

    def consume(self):
        del self.data[: self.done]


class PacketFile:
    """The packets on disk, in a file without a name: gone with this process. OSError where the disk is full."""

    def __init__(self, folder, header):
        descriptor, path = tempfile.mkstemp(dir=folder)
        os.unlink(path)
        self.file = descriptor
        self.offsets = []
        self.size = 0
        self.write(header)

    def write(self, data):
        view = memoryview(data)
        while view:
            written = os.write(self.file, view)
            self.size += written
            view = view[written:]

    def append(self, data, lengths):
        """Several records at once."""
        at = self.size
        self.write(data)
        for length in lengths:
            self.offsets.append(at)
            at += length

    def cut(self):
        """What was written of a record when the disk was full is taken away again."""
        self.size = self.offsets_end()
        os.ftruncate(self.file, self.size)

    def offsets_end(self):
        if not self.offsets:
            return HEADER_SIZE
        length = RECORD.unpack(os.pread(self.file, 16, self.offsets[-1]))[2]
        return self.offsets[-1] + 16 + length

    def read(self, offset, size):
        return os.pread(self.file, max(0, min(size, self.size - offset)), offset)

    def record(self, number):
        """The packet's record; number counts from 1."""
        offset = self.offsets[number - 1]
        length = RECORD.unpack(os.pread(self.file, 16, offset))[2]
        return os.pread(self.file, 16 + length, offset)


class Summaries:
    """One tcpdump that reads what it is given and writes a line for each packet. It runs as nobody: what it reads anybody has sent."""

    def __init__(self, header):
        self.process = subprocess.Popen(
            [*READER, "-l", "-tt", "--number"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=as_nobody,
        )
        self.input = self.process.stdin.fileno()
        self.output = self.process.stdout.fileno()
        os.set_blocking(self.input, False)
        self.waiting = bytearray(header)
        self.unfinished = b""
        self.closing = False
        # What it was given and has said nothing of.
        self.given = deque()
        self.answered = 0

    def give(self, record, about):
        self.waiting += record
        self.given.append(about)

    def send(self):
        """False where it has ended."""
        try:
            while self.waiting:
                del self.waiting[: os.write(self.input, memoryview(self.waiting)[:65536])]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        if self.closing and not self.process.stdin.closed:
            self.process.stdin.close()
        return True

    def lines(self):
        """(what was given about the packet, line) of each that came; more lines of one packet follow without. None at the end."""
        data = os.read(self.output, 1 << 16)
        if not data:
            return None
        *whole, self.unfinished = (self.unfinished + data).split(b"\n")
        found = []
        for line in whole:
            number, _, rest = line.strip().partition(b"  ")
            if line[:1] in b" 0123456789" and number == b"%d" % (self.answered + 1) and self.given:
                self.answered += 1
                found.append((self.given.popleft(), rest.decode("utf-8", "replace")))
            else:
                found.append((None, line.decode("utf-8", "replace")))
        return found

    def end(self):
        """After what it was given it ends by itself."""
        self.closing = True
        return self.send()

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


def detail(header, record):
    """All that tcpdump says of one packet, with its bytes."""
    try:
        done = subprocess.run(
            [*READER, "-tttt", "-vvv", "-X"],
            input=header + record, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=3, preexec_fn=as_nobody,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout[:LONGEST_DETAIL].decode("utf-8", "replace")
