"""Packets of one interface, by tcpdump: `capture.py REQUEST`. REQUEST is JSON:
  places       [NAMESPACE, INTERFACE] pairs; the first where it can be captured is taken
  promiscuous  true on a bridge, which else sees what is for itself alone
  filter       as pcap-filter(7) has it, may be empty
  snaplen      so many bytes of each packet
  count, seconds, bytes   where it ends by itself; null for never
  lines        a line for each packet: so many a second at most, 0 for every one; null for none
  pcap         "keep" (on disk, for `read` and `detail`), "relay" (as it comes), null

stdout, frames (framed_output.py): `r` it has begun; `f` {"kind", "message"}, why it could not; `l` lines as [number, during a probe, text], a
further line of the same packet without the first two; `c` counts; `p` pcap bytes; `e` {"reason", "message", ...counts}, the end; `d` and `g` answers.
stdin, JSON lines: {"stop": true}; {"detail": NUMBER}; {"read": OFFSET}, some of the kept file, nothing behind its end.
The end of stdin ends everything; so does the end of this process, however it comes. With "keep" it stays after the capture for whoever asks.

One tcpdump captures and never looks into packets; what looks into them runs as nobody. While nobody keeps up the kernel drops, and says so.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from child_process import as_nobody, in_namespace
from framed_output import Commands, Frames
from packet_file import PacketFile, PacketReader, Summaries, detail
from probe_marks import ProbeMarks
from slot import take_slot
from token_bucket import TokenBucket

TCPDUMP = "/usr/bin/tcpdump"
VOLUME = "/var/lib/hookpoint"
# At once in a session, those included that have ended and are still looked at.
MOST_CAPTURES = 6
# The kernel's buffer, in KiB: with 4,000 bytes a packet it holds 4,000 packets, 40 ms of a flood.
BUFFER = 16384
# Lines that come at once, after a rest; then `lines` a second.
BURST = 2000
# More than this waits for whoever reads: nothing more is taken in.
MOST_WAITING = 1 << 20
TOGETHER = 0.05
COUNTS_EVERY = 0.5
READ_SIZE = 1 << 19
# For tcpdump to end after it was told to.
PATIENCE = 3
MOST_READERS = 5

COUNTS = {
    "received": re.compile(r"(\d+) packets? received by filter"),
    "dropped": re.compile(r"(\d+) packets? dropped by kernel"),
}


class NotBegun(Exception):
    def __init__(self, kind, message):
        self.kind = kind
        self.message = message


def said(text):
    """What tcpdump says went wrong."""
    lines = [line for line in text.split("\n") if line.startswith("tcpdump: ")]
    return lines[0].removeprefix("tcpdump: ").strip() if lines else "tcpdump ended at once"


def check_filter(text):
    """On Ethernet, which all links are. tcpdump asks nobody for names: the session has no network."""
    argv = [TCPDUMP, "-n", "-d", "-y", "EN10MB", "--", text]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, preexec_fn=as_nobody)
    except subprocess.TimeoutExpired:
        raise NotBegun("filter", "it takes too long to compile") from None
    if done.returncode != 0:
        raise NotBegun("filter", said(done.stderr.decode("utf-8", "replace")))


class Capture:
    def __init__(self, request):
        self.request = request
        self.output = Frames()
        self.commands = Commands()
        self.reader = PacketReader()
        self.marks = ProbeMarks()
        self.file = None
        self.summaries = None
        self.readers = 0
        self.lines = []
        self.lines_at = None
        self.counts = {"captured": 0, "summarised": 0, "received": 0, "dropped": 0, "bytes": 0}
        self.counts_said = None
        self.counts_at = 0
        self.asked_at = 0
        self.reason = None
        self.message = ""
        self.errors = b""
        self.kill_at = None
        self.end_at = None
        rate = request["lines"]
        self.bucket = TokenBucket(rate, BURST) if rate else None

    def begin(self):
        if self.request["filter"]:
            check_filter(self.request["filter"])
        self.slot = take_slot("capture", MOST_CAPTURES)
        if self.slot is None:
            raise NotBegun("busy", "%d captures of this session are open" % MOST_CAPTURES)
        why = "there is no such interface"
        for namespace, interface in self.request["places"]:
            try:
                self.start(namespace, interface)
            except (OSError, subprocess.SubprocessError):
                continue
            if self.is_listening():
                break
            why = said(self.errors.decode("utf-8", "replace"))
            self.tcpdump.wait()
        else:
            raise NotBegun("interface", why)
        os.set_blocking(self.tcpdump.stderr.fileno(), False)
        if self.request["seconds"] is not None:
            self.end_at = time.monotonic() + self.request["seconds"]
        self.output.say(b"r", b"")

    def start(self, namespace, interface):
        options = [] if self.request["promiscuous"] else ["-p"]
        if self.request["count"] is not None:
            options += ["-c", str(self.request["count"])]
        argv = [TCPDUMP, "-n", "-U", "--immediate-mode", "-Z", "root", "-B", str(BUFFER), "-s", str(self.request["snaplen"])]
        self.errors = b""
        self.tcpdump = subprocess.Popen(
            [*argv, "-i", interface, *options, "-w", "-", "--", *([self.request["filter"]] if self.request["filter"] else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=in_namespace(namespace),
        )

    def is_listening(self):
        while b"listening on" not in self.errors:
            data = os.read(self.tcpdump.stderr.fileno(), 4096)
            if not data:
                return False
            self.errors += data
        self.errors = b""
        return True

    def run(self):
        """Until the capture has ended and all of it is said; False where nobody listens any more."""
        packets = self.tcpdump.stdout.fileno()
        errors = self.tcpdump.stderr.fileno()
        open_files = {packets, errors}
        while open_files or (self.summaries is not None):
            poll = select.poll()
            poll.register(0, select.POLLIN)
            if self.output.waiting:
                poll.register(1, select.POLLOUT)
            for file in open_files:
                if file != packets or self.keeps_up():
                    poll.register(file, select.POLLIN)
            if self.summaries is not None:
                if self.summaries.waiting:
                    poll.register(self.summaries.input, select.POLLOUT)
                if len(self.output.waiting) < MOST_WAITING:
                    poll.register(self.summaries.output, select.POLLIN)
            for file, _ in poll.poll(self.wait()):
                if file == 0:
                    if not self.obey():
                        return False
                elif file == 1:
                    if not self.output.send():
                        return False
                elif file == packets:
                    if not self.take_packets():
                        open_files.discard(packets)
                        if self.summaries is not None:
                            self.summaries.end()
                elif file == errors:
                    if not self.take_errors():
                        open_files.discard(errors)
                elif self.summaries is not None and file == self.summaries.input:
                    self.summaries.send()
                elif self.summaries is not None and file == self.summaries.output:
                    self.take_lines(packets in open_files)
            self.keep_time(bool(open_files))
        self.tcpdump.wait()
        self.say_lines()
        self.say_end()
        return True

    def keeps_up(self):
        """Whoever must have all of it is waited for; lines of a flood are left out instead."""
        every = self.request["lines"] == 0 and self.summaries is not None
        if every and len(self.summaries.waiting) > MOST_WAITING:
            return False
        return not (every or self.request["pcap"] == "relay") or len(self.output.waiting) < MOST_WAITING

    def wait(self):
        """Milliseconds to what has to be done without being asked."""
        now = time.monotonic()
        moments = [at for at in (self.lines_at, self.end_at, self.kill_at) if at is not None]
        if self.counts_said != self.counts:
            moments.append(self.counts_at + COUNTS_EVERY)
        return max(0, min(moments) - now) * 1000 + 1 if moments else None

    def keep_time(self, runs):
        now = time.monotonic()
        if self.end_at is not None and now >= self.end_at:
            self.end_at = None
            self.stop("seconds")
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self.tcpdump.kill()
        if self.lines_at is not None and now >= self.lines_at:
            self.say_lines()
        if self.counts_said != self.counts and now >= self.counts_at + COUNTS_EVERY:
            self.counts_at = now
            self.counts_said = dict(self.counts)
            self.output.say_json(b"c", self.counts)
            if runs and self.tcpdump.poll() is None:
                # It then says its own counts (tcpdump(8), SIGUSR1).
                self.tcpdump.send_signal(signal.SIGUSR1)

    def stop(self, reason, message=""):
        if self.reason is not None:
            return
        self.reason = reason
        self.message = message
        self.tcpdump.send_signal(signal.SIGINT)
        self.kill_at = time.monotonic() + PATIENCE

    def take_packets(self):
        data = os.read(self.tcpdump.stdout.fileno(), 1 << 18)
        if not data:
            return False
        begun = bool(self.reader.header)
        packets = self.reader.feed(data)
        if not begun and self.reader.header:
            self.take_header(self.reader.header)
        if packets:
            self.marks.update()
            self.take_records(packets)
        if self.reader.header:
            self.reader.consume()
        return True

    def take_header(self, header):
        self.counts["bytes"] = len(header)
        if self.request["pcap"] == "keep":
            try:
                self.file = PacketFile(VOLUME, header)
            except OSError as error:
                self.stop("disk", error.strerror)
        elif self.request["pcap"] == "relay":
            self.output.say(b"p", header)
        if self.request["lines"] is not None:
            self.summaries = Summaries(header)

    def take_records(self, packets):
        """What would be more than `bytes` ends it; what comes after an end for its size is nobody's."""
        if self.reason in ("bytes", "disk"):
            return
        limit = self.request["bytes"]
        first = packets[0][1]
        if limit is not None:
            room = limit - self.counts["bytes"]
            fitting = [packet for packet in packets if packet[2] - first <= room]
            if len(fitting) < len(packets):
                packets = fitting
                self.stop("bytes")
        if not packets:
            return
        data = bytes(memoryview(self.reader.data)[first : packets[-1][2]])
        if self.file is not None:
            try:
                self.file.append(data, [end - begin for _, begin, end in packets])
            except OSError as error:
                self.file.cut()
                self.stop("disk", error.strerror)
                return
        elif self.request["pcap"] == "relay":
            self.output.say(b"p", data)
        self.counts["bytes"] += len(data)
        for moment, begin, end in packets:
            self.counts["captured"] += 1
            if self.summaries is not None and self.may_show():
                self.summaries.give(data[begin - first : end - first], (self.counts["captured"], self.marks.under_way(moment)))
        if self.summaries is not None:
            self.summaries.send()

    def may_show(self):
        if self.bucket is None:
            return True
        return len(self.output.waiting) + len(self.summaries.waiting) < MOST_WAITING and self.bucket.take()

    def take_errors(self):
        data = os.read(self.tcpdump.stderr.fileno(), 4096)
        self.errors = (self.errors + data)[-4096:]
        text = self.errors.decode("utf-8", "replace")
        for name, pattern in COUNTS.items():
            found = pattern.findall(text)
            if found:
                self.counts[name] = int(found[-1])
        return bool(data)

    def take_lines(self, runs):
        lines = self.summaries.lines()
        if lines is None:
            given = len(self.summaries.given)
            self.summaries.close()
            header, self.summaries = self.reader.header, None
            # Bytes that nobody expected may end a reader: the next one goes on behind them.
            if runs and given and self.readers < MOST_READERS:
                self.readers += 1
                self.summaries = Summaries(header)
            return
        for about, text in lines:
            if about is not None:
                self.counts["summarised"] += 1
            self.lines.append([*about, text] if about is not None else [text])
        if self.lines and self.lines_at is None:
            self.lines_at = time.monotonic() + TOGETHER

    def say_lines(self):
        if self.lines:
            self.output.say_json(b"l", self.lines)
        self.lines = []
        self.lines_at = None

    def say_end(self):
        reason = self.reason or ("count" if self.has_all() else "interface")
        message = self.message
        if reason == "interface":
            told = [line for line in self.errors.decode("utf-8", "replace").split("\n") if line.startswith("tcpdump: ")]
            told = [line for line in told if "packets captured" not in line and "packet captured" not in line]
            message = re.sub(r"^tcpdump: ", "", told[-1]) if told else "tcpdump ended"
        self.output.say_json(b"e", {"reason": reason, "message": message} | self.counts)

    def has_all(self):
        count = self.request["count"]
        return count is not None and self.counts["captured"] >= count

    def obey(self):
        commands = self.commands.read()
        if commands is None:
            return False
        for command in commands:
            if "stop" in command:
                self.stop("stopped")
            elif "detail" in command:
                number = command["detail"]
                known = self.file is not None and 1 <= number <= len(self.file.offsets)
                text = detail(self.reader.header, self.file.record(number)) if known else ""
                self.output.say_json(b"d", {"number": number, "text": text})
            elif "read" in command:
                data = self.file.read(command["read"], READ_SIZE) if self.file is not None else b""
                self.output.say(b"g", data)
        return True

    def serve(self):
        """For whoever still looks at the packets."""
        while self.obey_or_send():
            pass

    def finish(self):
        """Until all is written, or nobody wants it."""
        while self.output.waiting and self.obey_or_send():
            pass

    def obey_or_send(self):
        poll = select.poll()
        poll.register(0, select.POLLIN)
        if self.output.waiting:
            poll.register(1, select.POLLOUT)
        return all(self.output.send() if file == 1 else self.obey() for file, _ in poll.poll())


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    capture = Capture(json.loads(sys.argv[1]))
    try:
        capture.begin()
    except NotBegun as failure:
        capture.output.say_json(b"f", {"kind": failure.kind, "message": failure.message})
        capture.finish()
        return
    if not capture.run():
        return
    if capture.request["pcap"] == "keep":
        capture.serve()
    capture.finish()


main()
