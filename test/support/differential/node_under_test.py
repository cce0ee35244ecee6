"""
A node for the differential test: a network namespace with three interfaces whose far ends nobody answers, into which packets are put one
by one while the counters of its rules are read. Reads jobs, one JSON object a line, from stdin, and answers each with one line.

Run in a lab container: `python3 -I -B -c PROGRAM ID CPU`, with the configuration as the first line of stdin. Everything that it makes lies
in two namespaces of its own, which end with the container.
"""

import ctypes
import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys

sys.path.insert(0, "/usr/lib/hookpoint")

import node_state  # noqa: E402
from netlink import NETLINK_NETFILTER, attributes, messages, open_socket, request  # noqa: E402

# linux/netlink.h
NLM_F_ACK, NLM_F_DUMP, NLM_F_EXCL, NLM_F_CREATE = 0x4, 0x300, 0x200, 0x400
# linux/netfilter/nfnetlink.h, nfnetlink_log.h, nfnetlink_conntrack.h, nf_tables.h
CTNETLINK, NFTABLES, ULOG = 1, 10, 4
LOG_GROUP = 7
NFTRACE_GROUP = 9
BARRIER = 0x88B5  # IEEE 802: local experimental
SO_PRIORITY_MARK = 0xD1FF
IPV6_HDRINCL = 36
LIBC = ctypes.CDLL(None)
SO_MARK = 36
NFNETLINK = struct.Struct("=BBH")

# What stands around the tables under test. What the host itself answers (RST, ICMP errors, SYN-ACK, neighbour discovery) is logged and ends
# before any table: the counters belong to the packets that were put in. `state` is conntrack's word, between raw (-300) and mangle (-150).
HARNESS = """
table inet harness {
  chain arrive { type filter hook prerouting priority -450; iif "lo" drop; %(trace)s; }
  chain state_in { type filter hook prerouting priority -199; %(states)s; }
  chain deliver { type filter hook input priority 450; %(input)s; }
  chain leave { type filter hook postrouting priority 450; %(leave)s; }
  chain send {
    type filter hook output priority -450
    meta priority != %(priority)s log prefix "reply" group 7 queue-threshold 1 drop
    %(trace)s
  }
  chain state_out { type filter hook output priority -199; %(states)s; }
}
""" % {
    "priority": "%d" % SO_PRIORITY_MARK,
    "trace": "meta nftrace set 1" if "trace" in sys.argv else "",
    "input": 'log prefix "input" group 7 queue-threshold 1',
    "leave": 'log prefix "leave" group 7 queue-threshold 1',
    "states": "; ".join(
        'ct state %s log prefix "%s" group 7 queue-threshold 1' % (state, state.upper())
        for state in ("new", "established", "related", "invalid", "untracked")
    ),
}


def nested(kind, *parts):
    return attribute(kind | 0x8000, b"".join(parts))


def attribute(kind, data):
    return struct.pack("=HH", len(data) + 4, kind) + data + b"\0" * (-len(data) % 4)


def run(argv, text=""):
    """(whether it went well, what it wrote, what it complained of)"""
    done = subprocess.run(argv, input=text.encode(), capture_output=True, timeout=60)
    return done.returncode == 0, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def must(argv, text=""):
    well, out, complaint = run(argv, text)
    if not well:
        raise RuntimeError("%s: %s" % (" ".join(argv), complaint.strip()))
    return out


def write_sysctl(name, value):
    with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
        file.write(value)


class Node:
    def __init__(self, name, config):
        self.family = config["family"]
        self.backend = config["backend"]
        self.nut, self.far = "nut-" + name, "far-" + name
        self.build(config)
        self.program = ("iptables" if self.family == "ipv4" else "ip6tables") + "-" + self.backend
        self.netlink = open_socket(NETLINK_NETFILTER)
        self.log = self.open_log()
        self.traces = open_socket(NETLINK_NETFILTER, (NFTRACE_GROUP,), 1 << 20) if self.backend == "nft" else None
        self.places = {}
        self.interfaces = dict(socket.if_nameindex())
        self.senders = {}
        self.barrier = self.open_barrier(config)
        self.lines = []
        self.before = []

    def build(self, config):
        for name in (self.nut, self.far):
            must(["ip", "netns", "add", name])
        batch = []
        for interface, link in config["links"].items():
            batch.append(
                "link add %s netns %s address %s type veth peer name %s netns %s address %s"
                % (interface, self.nut, link["mac"], interface, self.far, link["farMac"])
            )
        must(["ip", "-batch", "-"], "\n".join(batch) + "\n")
        for interface in config["links"]:
            must(["ip", "netns", "exec", self.far, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/%s/disable_ipv6; ip link set %s up arp off" % (interface, interface)])
        descriptor = os.open("/run/netns/" + self.far, os.O_RDONLY | os.O_CLOEXEC)
        os.setns(descriptor, os.CLONE_NEWNET)
        os.close(descriptor)
        self.injectors = {}
        for interface in config["links"]:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.bind((interface, 0))
            self.injectors[interface] = sock
        descriptor = os.open("/run/netns/" + self.nut, os.O_RDONLY | os.O_CLOEXEC)
        os.setns(descriptor, os.CLONE_NEWNET)
        os.close(descriptor)
        # The harness before everything else: conntrack's hooks are then there all the time.
        must(["nft", "-f", "-"], HARNESS)
        must(["sh", "-c", "set -e; " + config["setup"]])
        for sysctl, value in config["sysctls"].items():
            write_sysctl(sysctl, value)
        if config["ipsets"]:
            must(["ipset", "restore"], config["ipsets"])

    def open_log(self):
        """Packets that the harness logs come here whole, one message each, at once."""
        sock = open_socket(NETLINK_NETFILTER, (), 1 << 21)
        bind = attribute(1, b"\1")
        mode = attribute(2, struct.pack("!IBB", 0xFFFF, 2, 0))
        threshold = attribute(5, struct.pack("!I", 1))
        for body in (bind, mode, threshold):
            request(sock, ULOG << 8 | 1, NFNETLINK.pack(0, 0, socket.htons(LOG_GROUP)) + body, NLM_F_ACK)
        return sock

    def open_barrier(self, config):
        self.first = next(iter(config["links"]))
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(BARRIER))
        sock.bind((self.first, BARRIER))
        link = config["links"][self.first]
        hardware = lambda text: bytes.fromhex(text.replace(":", ""))
        self.links = {name: (hardware(one["mac"]), hardware(one["farMac"])) for name, one in config["links"].items()}
        self.frame = hardware(link["mac"]) + hardware(link["farMac"]) + struct.pack("!H", BARRIER) + b"\0" * 46
        return sock

    def settle(self):
        """
        All interfaces of a CPU share one backlog, first in first out, and this process stays on one CPU: when a frame sent now has arrived,
        what was sent before has been dealt with. What that sent in turn stands behind this frame, so three times.
        """
        for _ in range(3):
            self.injectors[self.first].send(self.frame)
            if not select.select([self.barrier], [], [], 10)[0]:
                raise RuntimeError("a frame did not arrive")
            self.barrier.recv(64)

    def sender(self, uid, mark):
        """A raw socket for packets that this host sends. Its owner (xt_owner.c) is the fsuid that opened it; another uid may open none."""
        key = (uid, mark)
        if key not in self.senders:
            six = self.family == "ipv6"
            LIBC.setfsgid(uid)
            LIBC.setfsuid(uid)
            try:
                sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            finally:
                LIBC.setfsuid(0)
                LIBC.setfsgid(0)
            if six:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, SO_PRIORITY_MARK)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
            self.senders[key] = sock
        return self.senders[key]

    def become(self, host):
        """Sets the host up as one of the kinds of the configuration; what it then is, as a snapshot reads it."""
        if host["script"]:
            must(["sh", "-c", "set -e; " + host["script"]])
        for sysctl, value in host["sysctls"].items():
            write_sysctl(sysctl, value)
        number = "-4" if self.family == "ipv4" else "-6"
        return {
            "addresses": must(["ip", "-j", "addr", "show"]),
            "routes" + number[1:]: must(["ip", "-j", number, "route", "show", "table", "all"]),
            "rules" + number[1:]: must(["ip", "-j", number, "rule", "show"]),
            "ipset": must(["ipset", "save"]),
            "sysctls": node_state.read_sysctls(),
        }

    def load(self, job):
        wait = ["-w", "20"] if self.backend == "legacy" else []
        well, _, complaint = run([self.program + "-restore", *wait], job["ruleset"])
        if not well:
            return complaint.strip() or "refused"
        self.lines, self.before = self.read_counters()
        if self.traces is not None:
            self.places = self.read_places()
        return None

    def read_places(self):
        """(table, handle) of each rule -> its number in its chain."""
        family = socket.AF_INET6 if self.family == "ipv6" else socket.AF_INET
        places, counts = {}, {}
        for _, body in request(self.netlink, NFTABLES << 8 | 7, NFNETLINK.pack(family, 0, 0), NLM_F_DUMP):
            parts = attributes(memoryview(body)[4:])
            table, chain = (bytes(parts[key]).rstrip(b"\0").decode() for key in (1, 2))
            counts[table, chain] = counts.get((table, chain), 0) + 1
            places[table, struct.unpack("!Q", parts[3])[0]] = counts[table, chain]
        return places

    def read_counters(self):
        """What iptables-save prints, and the packet counters of its lines."""
        text = must([self.program + "-save", "-c"])
        lines, counters = [], []
        for line in text.split("\n"):
            if line.startswith("["):
                end = line.index(":")
                counters.append(int(line[1:end]))
                lines.append(line)
            elif line.startswith(":"):
                start = line.rindex("[") + 1
                counters.append(int(line[start : line.index(":", start)]))
                lines.append(line)
            elif line.startswith("*"):
                counters.append(0)
                lines.append(line)
        return lines, counters

    def flush_connections(self):
        family = socket.AF_INET6 if self.family == "ipv6" else socket.AF_INET
        request(self.netlink, CTNETLINK << 8 | 2, NFNETLINK.pack(family, 0, 0), NLM_F_ACK)

    def add_connection(self, connection):
        """An entry as `conntrack -I` makes one."""
        six = self.family == "ipv6"
        pack = lambda text: socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, text)

        def tuple_of(kind, side):
            proto = [attribute(1, bytes([connection["protocol"]]))]
            if "icmpId" in side:
                first = 4 if connection["protocol"] == 1 else 7
                proto.append(attribute(first, struct.pack("!H", side["icmpId"])))
                proto.append(attribute(first + 1, bytes([side["icmpType"]])))
                proto.append(attribute(first + 2, bytes([0])))
            elif "sport" in side:
                proto.append(attribute(2, struct.pack("!H", side["sport"])))
                proto.append(attribute(3, struct.pack("!H", side["dport"])))
            return nested(
                kind,
                nested(1, attribute(3 if six else 1, pack(side["src"])), attribute(4 if six else 2, pack(side["dst"]))),
                nested(2, *proto),
            )

        # IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED
        status = 2 | (4 if connection["assured"] else 0) | 8
        parts = [
            tuple_of(1, connection["original"]),
            tuple_of(2, connection["reply"]),
            attribute(3, struct.pack("!I", status)),
            attribute(7, struct.pack("!I", 600)),
            attribute(8, struct.pack("!I", connection["mark"])),
        ]
        if connection["protocol"] == 6:
            # ESTABLISHED, with both directions' windows left alone (IP_CT_TCP_FLAG_BE_LIBERAL).
            parts.append(nested(4, nested(1, attribute(1, b"\3"), attribute(4, b"\x08\x08"), attribute(5, b"\x08\x08"))))
        for kind, key in ((6, "source"), (13, "destination")):
            nat = connection.get("nat", {}).get(key)
            if nat is not None:
                inside = [attribute(4 if six else 1, pack(nat["address"]))] + [attribute(5 if six else 2, pack(nat["address"]))]
                if "port" in nat:
                    port = struct.pack("!H", nat["port"])
                    inside.append(nested(3, attribute(1, port), attribute(2, port)))
                parts.append(nested(kind, *inside))
        family = socket.AF_INET6 if six else socket.AF_INET
        flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
        request(self.netlink, CTNETLINK << 8, NFNETLINK.pack(family, 0, 0) + b"".join(parts), flags)

    def drain_log(self):
        found = []
        while True:
            try:
                data = self.log.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                found.append({"prefix": "lost"})
                continue
            for kind, _, _, body in messages(data):
                if kind != ULOG << 8:
                    continue
                parts = attributes(body[4:])
                number = lambda key: struct.unpack("!I", parts[key])[0] if key in parts else None
                prefix = bytes(parts.get(10, b"")).rstrip(b"\0").decode()
                entry = {"prefix": prefix}
                if prefix in ("input", "leave", "reply"):
                    entry["packet"] = bytes(parts.get(9, b"")).hex()
                    entry["mark"] = number(2) or 0
                    entry["in"] = self.interfaces.get(number(4)) if 4 in parts else None
                    entry["out"] = self.interfaces.get(number(5)) if 5 in parts else None
                found.append(entry)

    def drain_traces(self):
        """(table, chain, number) of the rules that matched and of policies (number 0), in order."""
        found = []
        if self.traces is None:
            return found
        while True:
            try:
                data = self.traces.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            for kind, _, _, body in messages(data):
                if kind != NFTABLES << 8 | 17:
                    continue
                parts = attributes(body[4:])
                event = struct.unpack("!I", parts[4])[0]
                table = bytes(parts[1]).rstrip(b"\0").decode()
                # NFT_TRACETYPE_POLICY, else _RULE or _RETURN; without a handle it is the end of a chain.
                if table == "harness" or (event != 1 and 3 not in parts):
                    continue
                chain = bytes(parts[2]).rstrip(b"\0").decode()
                found.append([table, chain, 0 if event == 1 else self.places[table, struct.unpack("!Q", parts[3])[0]]])

    def send(self, packet):
        """Puts one packet in; what happened."""
        self.drain_log()
        self.flush_connections()
        for connection in packet.get("connections", ()):
            self.add_connection(connection)
        data = bytes.fromhex(packet["bytes"])
        answer = {}
        if packet["via"] == "output":
            try:
                target = (packet["dst"], 0) if self.family == "ipv4" else (packet["dst"], 0, 0, packet.get("scope", 0))
                self.sender(packet.get("uid", 0), packet.get("mark", 0)).sendto(data, target)
            except OSError as error:
                answer["error"] = errno.errorcode.get(error.errno, str(error.errno))
        else:
            mac, far = self.links[packet["via"]]
            target = bytes.fromhex(packet["toMac"].replace(":", "")) if "toMac" in packet else mac
            kind = 0x86DD if self.family == "ipv6" else 0x0800
            self.injectors[packet["via"]].send(target + far + struct.pack("!H", kind) + data)
        self.settle()
        answer["seen"] = self.drain_log()
        answer["trace"] = self.drain_traces()
        lines, counters = self.read_counters()
        if len(lines) != len(self.lines):
            raise RuntimeError("the ruleset changed under the test")
        answer["moved"] = [[index, now - before] for index, (now, before) in enumerate(zip(counters, self.before)) if now != before]
        self.before = counters
        return answer

    def work(self, job):
        if "host" in job:
            return self.become(job["host"])
        refused = self.load(job)
        if refused is not None:
            return {"refused": refused}
        return {"saved": self.lines, "packets": [self.send(packet) for packet in job["packets"]]}


def main():
    name, cpu = sys.argv[1], int(sys.argv[2])
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[cpu % len(os.sched_getaffinity(0))]})
    node = Node(name, json.loads(sys.stdin.readline()))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = node.work(json.loads(line))
        except Exception as error:  # goes to the test as its failure
            answer = {"failed": "%s: %s" % (type(error).__name__, error)}
        print(json.dumps(answer), flush=True)


main()
