"""The recorder: writes what happens to every node of a session to the session's volume, whether or not anybody looks.

One process for all nodes. It follows nf_tables', conntrack's and rtnetlink's events in each node's namespace and compares, about once a
second, what has none. `recorder-sync` (beside this file) makes it look for new nodes, finish what it has, and write marks.
See engine/observe/records.ts for the lines of the file.
"""

import errno
import json
import os
import select
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import netlink
import nftables_netlink
from kernel_log import KernelLog
from recorded_node import OwnTable, RecordedNode
from timeline_file import TimelineFile
from token_bucket import TokenBucket

NAMESPACES = "/run/netns"
CONTROL = "/run/hookpoint/recorder"
TIMELINE = "/var/lib/hookpoint/timeline.ndjson"
BEAT = 1.0
# How often counters are compared where somebody looks at them, and for how long after they said so.
LOOK, LOOK_LASTS = 0.2, 5.0
EXPRESSIONS_KEPT = 1000
LOG_PER_SECOND, LOG_AT_ONCE = 50, 1000


class Recorder:
    def __init__(self):
        self.namespaces = netlink.Namespaces()
        self.nodes = {}
        self.own_table = OwnTable()
        self.poll = select.poll()
        self.handlers = {}
        self.log_bucket = TokenBucket(LOG_PER_SECOND, LOG_AT_ONCE)
        self.next_beat = 0.0
        self.next_look = 0.0
        self.folder_time = None
        self.broken = None

    def start(self):
        os.makedirs(os.path.dirname(TIMELINE), exist_ok=True)
        os.makedirs(os.path.dirname(CONTROL), exist_ok=True)
        self.file = TimelineFile(TIMELINE)
        now = time.time()
        records = [{"t": now, "kind": "recorder", "version": 1}]
        if self.file.last is not None:
            records.append({"t": now, "kind": "gap", "what": "states", "node": None, "from": self.file.last, "to": now, "reason": "the recorder was not running"})
        self.log = KernelLog()
        if self.log.file is None:
            records.append({"t": now, "kind": "gap", "what": "log", "node": None, "from": now, "to": now, "reason": self.log.error})
        else:
            self.watch(self.log.file, self.on_log)
        self.write(records)
        self.scan()
        self.open_control()

    def write(self, records):
        """Appends. Where the volume is full the loss becomes a gap when there is room again."""
        try:
            if self.broken is not None and records:
                gap = {"t": time.time(), "kind": "gap", "what": "states", "node": None, "from": self.broken, "to": time.time(), "reason": "the volume was full"}
                self.file.write([gap])
                self.broken = None
                self.file.since_base = 1 << 40
            self.file.write(records)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            self.broken = self.broken or time.time()

    # what is watched ---------------------------------------------------------------------------------------------------------------

    def watch(self, descriptor, handler):
        self.handlers[descriptor] = handler
        self.poll.register(descriptor, select.POLLIN)

    def unwatch(self, descriptor):
        self.poll.unregister(descriptor)
        del self.handlers[descriptor]

    def open_control(self):
        try:
            os.unlink(CONTROL)
        except FileNotFoundError:
            pass
        os.mkfifo(CONTROL, 0o600)
        # Read and write, so that it never ends when a writer goes.
        self.control = os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.asked = b""
        self.watch(self.control, self.on_control)
        with open(CONTROL + ".pid", "w") as file:
            file.write("%d\n" % os.getpid())

    def scan(self):
        """Begins to listen in namespaces that are new or made anew, ends where they are gone."""
        try:
            self.folder_time = os.stat(NAMESPACES).st_mtime_ns
            # Those that begin with _ are the topology's: segments, and a node's links while it restarts.
            names = sorted(name for name in os.listdir(NAMESPACES) if not name.startswith("_"))
        except FileNotFoundError:
            names = []
        found = {}
        for name in names:
            try:
                status = os.stat(os.path.join(NAMESPACES, name))
            except FileNotFoundError:
                continue
            found[name] = (status.st_dev, status.st_ino)
        for name, node in list(self.nodes.items()):
            if found.get(name) != node.inode:
                self.forget(name)
        for name, inode in found.items():
            if name not in self.nodes:
                self.listen(name, inode)

    def listen(self, name, inode):
        try:
            node = self.inside(name, lambda: RecordedNode(name, inode, self.own_table))
        except OSError:
            return  # made, but not bound yet, or gone already: the next look finds it
        self.nodes[name] = node
        self.watch(node.rules_events.fileno(), lambda: self.write(node.read_rules_events()))
        self.watch(node.flow_events.fileno(), lambda: self.write(node.read_flow_events()))
        self.watch(node.route_events.fileno(), node.read_route_events)
        self.write([{"t": time.time(), "kind": "node", "node": name, "event": "listening"}])
        self.read(node, node.base)

    def forget(self, name):
        node = self.nodes.pop(name)
        for sock in node.sockets():
            self.unwatch(sock.fileno())
        self.write([*node.read_rules_events(), {"t": time.time(), "kind": "node", "node": name, "event": "gone"}])
        node.close()

    def inside(self, name, action):
        return self.namespaces.run(os.path.join(NAMESPACES, name), action)

    # what is done ------------------------------------------------------------------------------------------------------------------

    def read(self, node, action):
        """One reading; a namespace that goes away meanwhile is no error."""
        try:
            result = self.inside(node.name, action)
        except (OSError, InterruptedError):
            return
        if isinstance(result, list):
            self.write(result)
        elif result is not None:
            self.write([result])

    def beat(self):
        try:
            if os.stat(NAMESPACES).st_mtime_ns != self.folder_time:
                self.scan()
        except FileNotFoundError:
            pass
        for node in list(self.nodes.values()):
            self.count(node)
            self.read(node, node.slow)
        if self.file.wants_base():
            self.write_bases()
        if len(nftables_netlink.decoded) > EXPRESSIONS_KEPT:
            nftables_netlink.decoded.clear()
        self.next_beat = time.monotonic() + BEAT

    def count(self, node):
        """Reads the counters where packets flowed since they were read."""
        if node.traffic_moved() and time.monotonic() >= node.counters_at:
            self.read(node, node.reading)

    def look(self):
        """The same for nodes that somebody looks at."""
        now = time.monotonic()
        looked = [node for node in self.nodes.values() if now < node.looked_at_until]
        for node in looked:
            self.count(node)
        self.next_look = time.monotonic() + LOOK if looked else float("inf")

    def write_bases(self):
        for node in list(self.nodes.values()):
            self.read(node, node.base)
        self.file.based()
        self.file.compact(self.nodes)

    def settle(self):
        """Everything that has happened until now is in the file when this returns."""
        self.scan()
        for descriptor, _ in self.poll.poll(0):
            if descriptor != self.control:
                self.handlers[descriptor]()
        for node in list(self.nodes.values()):
            self.write(node.read_rules_events())
            self.read(node, node.reading)
            self.read(node, node.slow)
            self.write(node.read_flow_events())

    def on_log(self):
        lines, lost = self.log.read()
        now = time.time()
        records = []
        for sequence, text in lines:
            if self.log_bucket.take():
                records.append({"t": now, "kind": "log", "sequence": sequence, "text": text})
            else:
                lost = True
        if lost:
            records.append({"t": now, "kind": "gap", "what": "log", "node": None, "from": now, "to": now, "reason": "lines were lost"})
        self.write(records)

    def on_control(self):
        try:
            self.asked += os.read(self.control, 1 << 16)
        except BlockingIOError:
            return
        *lines, self.asked = self.asked.split(b"\n")
        for line in lines:
            self.answer(line)

    def answer(self, line):
        """`REPLY` or `REPLY {"name":..}`: settles, writes the mark if there is one, then says so in the pipe that is named. A mark may name
        the `table` of a trace, which is none of the node's for `detail` seconds or until the next mark, and the file of an `earlier` timeline
        of the session, which then stands before this one. `look NODE`: somebody looks at its
        counters for the next seconds."""
        if line.startswith(b"look "):
            node = self.nodes.get(line[len(b"look ") :].decode("utf-8", "replace"))
            if node is not None:
                node.looked_at_until = time.monotonic() + LOOK_LASTS
                self.next_look = 0.0
            return
        reply, _, mark = line.decode("utf-8", "replace").partition(" ")
        self.settle()
        if mark:
            try:
                said = json.loads(mark)
                self.own_table.end()
                if "earlier" in said:
                    self.put_before(said["earlier"])
                if "table" in said:
                    self.own_table.begin(said["table"], float(said["detail"]))
                self.write([{"t": time.time(), "kind": "mark", **{key: str(said[key]) for key in ("name", "detail") if key in said}}])
            except ValueError:
                pass
        try:
            pipe = os.open(reply, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return  # who asked does not wait any more
        os.write(pipe, b"done\n")
        os.close(pipe)

    def put_before(self, path):
        """An earlier timeline that cannot be had is a gap: nobody may take the time before for one in which nothing happened."""
        try:
            self.file.put_before(path)
        except OSError as error:
            now = time.time()
            self.write([{"t": now, "kind": "gap", "what": what, "node": None, "from": 0, "to": now, "reason": str(error)} for what in ("states", "flows", "log")])

    def run(self):
        while True:
            now = time.monotonic()
            rests = [node.rest_at for node in self.nodes.values() if node.rest_at is not None]
            rests += [node.routes_rest_at for node in self.nodes.values() if node.routes_rest_at is not None]
            busy = any(node.dirty for node in self.nodes.values())
            wait = 0 if busy else max(0.0, min([self.next_beat, self.next_look, *rests]) - now)
            for descriptor, _ in self.poll.poll(wait * 1000):
                handler = self.handlers.get(descriptor)
                if handler is not None:
                    handler()
            for node in list(self.nodes.values()):
                resting = node.rest_at is not None and time.monotonic() >= node.rest_at
                if resting:
                    node.rest_at = None
                if node.dirty or resting:
                    self.read(node, node.reading)
                if node.routes_rest_at is not None and time.monotonic() >= node.routes_rest_at:
                    self.read(node, node.slow)
            if time.monotonic() >= self.next_look:
                self.look()
            if time.monotonic() >= self.next_beat:
                self.beat()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    recorder = Recorder()
    recorder.start()
    recorder.run()


main()
