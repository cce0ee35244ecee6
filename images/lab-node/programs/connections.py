"""A node's connections (conntrack) as they come and go: `connections.py REQUEST`. REQUEST is JSON:
  namespace   of the node
  words       what an entry's text must have, all of them, lower case
  limit       the newest so many are told

stdout, frames (framed_output.py): `t` {"time", "total", "matching", "changed": [entries], "gone": [keys]}, the first with all there are; `f` {"message"}, why
it could not begin. An entry's `since` is null where it was there before. Ends with its stdin.

The kernel's events say at once what changed; the table itself is read again from time to time, for the time-outs, which have no events, and for
events that were lost. A table of 100,000 entries costs a second: it is then read so seldom that it takes a twentieth of the time.
"""

import errno
import json
import os
import select
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import conntrack_netlink
import netlink
from framed_output import Commands, Frames
from slot import take_slot

MOST_WATCHERS = 12
EVENTS_BUFFER = 4 << 20
# Events are told together, in seconds; of one such time no more are looked at.
TOGETHER = 0.2
MOST_EVENTS = 500
# Between two readings of the table, in seconds; at least so many times what one costs the processor.
READ_EVERY = 2
REST = 20
# Where nothing is looked for, entries beyond these are only counted.
MOST_DECODED = 20000
MOST_WAITING = 1 << 20
# A time-out that was counted on is told again where it is off by more seconds.
CLOSE = 3
COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"
CTA_TIMEOUT, CTA_ID, CTA_TIMESTAMP = 7, 12, 20
SEEN = ("state", "replied", "assured", "mark")


def decode(payload):
    """An entry of a snapshot with its key, when it will be gone, and since when it is there where the kernel says so."""
    entry = conntrack_netlink.decode(payload)
    if entry is None:
        return None
    found = netlink.attributes(payload[4:])
    identity = struct.unpack("!I", found[CTA_ID])[0] if CTA_ID in found else 0
    original = entry["original"]
    entry["key"] = "%08x-%s-%s" % (identity, original["sourcePort"], original["destinationPort"])
    timeout = struct.unpack("!I", found[CTA_TIMEOUT])[0] if CTA_TIMEOUT in found else None
    entry["expires"] = None if timeout is None else round(time.time() + timeout)
    entry["since"] = None
    if CTA_TIMESTAMP in found:
        started = netlink.attributes(found[CTA_TIMESTAMP]).get(1)
        if started is not None:
            entry["since"] = struct.unpack("!Q", started)[0] / 1e9
    return entry


def end_text(address, port):
    return address if port is None else "%s:%d" % (address, port)


def text_of(entry):
    """What is looked for in."""
    ends = [end_text(side[end], side[end + "Port"]) for side in (entry["original"], entry["reply"]) for end in ("source", "destination")]
    words = [entry["family"], entry["protocol"], entry["state"] or "", *ends, "mark=%d" % entry["mark"]]
    words += ["assured"] if entry["assured"] else []
    words += [] if entry["replied"] else ["unreplied"]
    return " ".join(words).lower()


class Connections:
    def __init__(self, request):
        self.words = request["words"]
        self.limit = request["limit"]
        descriptor = os.open(request["namespace"], os.O_RDONLY | os.O_CLOEXEC)
        os.setns(descriptor, os.CLONE_NEWNET)
        os.close(descriptor)
        self.events = netlink.open_socket(netlink.NETLINK_NETFILTER, conntrack_netlink.GROUPS, EVENTS_BUFFER)
        self.events.setblocking(False)
        self.query = netlink.open_socket(netlink.NETLINK_NETFILTER)
        self.query.settimeout(10)
        self.output = Frames()
        self.entries = {}
        self.said = None
        self.said_counts = None
        self.matching = 0
        self.read_at = 0
        self.lost = False
        self.sequence = 0

    def matches(self, entry):
        return not self.words or all(word in text_of(entry) for word in self.words)

    def total(self):
        try:
            with open(COUNT) as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return 0

    def dump(self):
        """The payloads of the table, one by one."""
        self.sequence += 1
        request = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
        kind = conntrack_netlink.SUBSYSTEM << 8 | conntrack_netlink.GET
        flags = netlink.NLM_F_REQUEST | netlink.NLM_F_DUMP
        self.query.send(netlink.HEADER.pack(16 + len(request), kind, flags, self.sequence, 0) + request)
        while True:
            for answer, _, sequence, body in netlink.messages(self.query.recv(1 << 18)):
                if sequence != self.sequence:
                    continue
                if answer == netlink.NLMSG_DONE:
                    return
                if answer == netlink.NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    raise OSError(number, os.strerror(number))
                yield body

    def read_table(self):
        began = time.process_time()
        first = self.said is None
        now = time.time()
        found = {}
        matching = count = 0
        every = bool(self.words) or self.total() <= MOST_DECODED
        for payload in self.dump():
            count += 1
            if not every and len(found) >= self.limit:
                continue
            entry = decode(payload)
            if entry is None or not self.matches(entry):
                continue
            matching += 1
            known = self.entries.get(entry["key"])
            if entry["since"] is None:
                entry["since"] = known["since"] if known is not None else (None if first else now)
            # As many as are told, and those that were told already: none is decoded for nothing again and again.
            if len(found) < self.limit * 4 or known is not None or not first:
                found[entry["key"]] = entry
        if not every and not self.lost:
            # Not all was looked at: what was heard of is still there, for its end would have been heard of.
            found = found | {key: entry for key, entry in self.entries.items() if key not in found}
        self.entries = found
        self.matching = matching if every else count
        self.lost = False
        self.trim()
        self.read_at = time.monotonic() + max(READ_EVERY, REST * (time.process_time() - began))

    def trim(self):
        """The newest are kept."""
        if len(self.entries) > self.limit:
            order = sorted(self.entries.values(), key=lambda entry: entry["since"] or 0, reverse=True)
            self.entries = {entry["key"]: entry for entry in order[: self.limit]}

    def take_events(self):
        """Some of what came; the rest waits in the kernel, or is lost there and read again."""
        taken = 0
        while taken < MOST_EVENTS:
            try:
                data = self.events.recv(1 << 18)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.lost = True
                continue
            for kind, flags, _, payload in netlink.messages(data):
                taken += 1
                what = conntrack_netlink.event(kind, flags)
                entry = decode(payload) if what is not None else None
                if entry is not None:
                    self.take(what, entry)
        self.trim()

    def take(self, what, entry):
        key = entry["key"]
        known = self.entries.get(key)
        if what == "destroy":
            if self.entries.pop(key, None) is not None:
                self.matching -= 1
            return
        if known is None:
            if not self.matches(entry):
                return
            if what == "new":
                self.matching += 1
        if entry["since"] is None:
            entry["since"] = known["since"] if known is not None else (time.time() if what == "new" else None)
        if entry["expires"] is None:
            entry["expires"] = known["expires"] if known is not None else None
        self.entries[key] = entry

    def say(self):
        """What is another than was said last."""
        said = self.said or {}
        changed = [entry for key, entry in self.entries.items() if is_news(said.get(key), entry)]
        gone = [key for key in said if key not in self.entries]
        total = self.total()
        counts = (total, max(self.matching, len(self.entries)) if self.words else total)
        if self.said is not None and not changed and not gone and counts == self.said_counts:
            return
        self.output.say_json(b"t", {"time": time.time(), "total": counts[0], "matching": counts[1], "changed": changed, "gone": gone})
        self.said = {key: entry if is_news(said.get(key), entry) else said[key] for key, entry in self.entries.items()}
        self.said_counts = counts

    def run(self):
        commands = Commands()
        self.read_table()
        self.say()
        heard_at = None
        while True:
            poll = select.poll()
            poll.register(0, select.POLLIN)
            if self.output.waiting:
                poll.register(1, select.POLLOUT)
            if heard_at is None:
                poll.register(self.events, select.POLLIN)
            now = time.monotonic()
            moment = self.read_at if heard_at is None else min(self.read_at, heard_at)
            for file, _ in poll.poll(max(0, moment - now) * 1000 + 1):
                if file == 0 and commands.read() is None:
                    return
                if file == 1 and not self.output.send():
                    return
                if file == self.events.fileno():
                    heard_at = time.monotonic() + TOGETHER
            now = time.monotonic()
            if len(self.output.waiting) > MOST_WAITING:
                heard_at = heard_at or now + TOGETHER
                continue
            if heard_at is not None and now >= heard_at:
                heard_at = None
                self.take_events()
                self.say()
            if now >= self.read_at:
                # What happened until now first: it is older than the table.
                self.take_events()
                self.read_table()
                self.say()


def is_news(said, entry):
    if said is None or any(said[name] != entry[name] for name in SEEN) or said["reply"] != entry["reply"]:
        return True
    if said["expires"] is None or entry["expires"] is None:
        return said["expires"] != entry["expires"]
    return abs(said["expires"] - entry["expires"]) > CLOSE


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    frames = Frames()
    slot = take_slot("connections", MOST_WATCHERS)
    if slot is None:
        frames.say_json(b"f", {"message": "%d windows look at connections of this session already" % MOST_WATCHERS})
        return
    try:
        Connections(json.loads(sys.argv[1])).run()
    except OSError as error:
        frames.say_json(b"f", {"message": error.strerror or str(error)})


main()
