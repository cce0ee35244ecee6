"""One node as the recorder sees it: its event sockets, and what was last written of everything that has no events."""

import errno
import os
import select
import time

import conntrack_netlink
import netlink
import nft_rules
import nftables_netlink
import node_state
from commands import Command, wait_all
from recorded_rules import RecordedRules
from token_bucket import TokenBucket

NFNLGRP_NFTABLES = 7
# RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE
ROUTE_GROUPS = (1, 5, 7, 8, 9, 11, 19)
RULES_BUFFER = 32 << 20
FLOWS_BUFFER = 4 << 20
REST = 0.02
# Seconds between two readings of the counters at least: with nobody there, and while somebody looks.
OFTEN, OFTEN_LOOKED_AT = 0.9, 0.15
FLOWS_PER_SECOND, FLOWS_AT_ONCE = 50, 1000
FLOWS_REMEMBERED = 4096
WORTH_RECORDING = ("CLOSE", "TIME_WAIT")


class OwnTable:
    """The nf_tables table of a trace that is under way: the grader's, and no part of a node's rules. Its name is drawn anew each time and
    forgotten when the trace is over, so that nobody else can hide behind it."""

    def __init__(self):
        self.end()

    def begin(self, name, seconds):
        self.name = name
        self.until = time.monotonic() + seconds

    def end(self):
        self.name = None
        self.until = 0.0

    def is_named(self, name):
        return self.name is not None and name == self.name and time.monotonic() < self.until


class RecordedNode:
    """Made in the node's namespace; after that no method but `slow` and the readings needs it."""

    def __init__(self, name, inode, own_table):
        self.name = name
        self.inode = inode
        self.own_table = own_table
        self.rules_events = netlink.open_socket(netlink.NETLINK_NETFILTER, (NFNLGRP_NFTABLES,), RULES_BUFFER)
        self.flow_events = netlink.open_socket(netlink.NETLINK_NETFILTER, conntrack_netlink.GROUPS, FLOWS_BUFFER)
        self.route_events = netlink.open_socket(netlink.NETLINK_ROUTE, ROUTE_GROUPS, 1 << 20)
        for sock in self.sockets():
            sock.setblocking(False)
        self.query = netlink.open_socket(netlink.NETLINK_NETFILTER)
        self.diag = netlink.open_socket(node_state.NETLINK_SOCK_DIAG)
        self.sysctls = node_state.Sysctls()
        self.traffic_file = os.open("/proc/self/net/dev", os.O_RDONLY | os.O_CLOEXEC)
        self.rules = RecordedRules()
        self.sets = nftables_netlink.AnonymousSets()
        self.bucket = TokenBucket(FLOWS_PER_SECOND, FLOWS_AT_ONCE)
        self.flows = {}
        self.sections = {}
        self.pending = []
        self.traffic = None
        self.uncounted = False
        self.dirty = False
        self.generation_seen = None
        self.others = []
        self.routes_changed = True
        self.routes_rest_at = None
        self.rest_at = None
        self.counters_at = 0.0
        self.looked_at_until = 0.0
        self.seen_at = time.time()

    def sockets(self):
        return (self.rules_events, self.flow_events, self.route_events)

    def close(self):
        for sock in (*self.sockets(), self.query, self.diag):
            sock.close()
        self.sysctls.close()
        os.close(self.traffic_file)

    # events ------------------------------------------------------------------------------------------------------------------------

    def drain(self, sock, lost):
        """Datagrams that are there, at most a thousand; calls `lost` where the kernel says that some were thrown away."""
        for _ in range(1000):
            try:
                yield sock.recv(1 << 20)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost()

    def gap(self, what, reason):
        return {"t": time.time(), "kind": "gap", "what": what, "node": self.name, "from": self.seen_at, "to": time.time(), "reason": reason}

    def read_rules_events(self):
        """Records of the generations that have come; events of an unfinished one wait for its end."""
        records = []
        lost = []
        for data in self.drain(self.rules_events, lambda: lost.append(True)):
            for kind, flags, _, payload in netlink.messages(data):
                event = nftables_netlink.decode(kind, flags, payload)
                if event is None or self.own_table.is_named(event.get("table")):
                    continue
                if event["op"] == "newgen":
                    records.append(self.generation(event))
                else:
                    self.pending.append(self.trimmed(self.sets.complete(event)))
        if lost:
            self.pending = []
            records.append(self.gap("states", "events were lost"))
            self.rules.forget()
            self.dirty = True
        if records:
            self.seen_at = records[-1]["t"]
            self.rest_at = time.monotonic() + REST
        return records

    def trimmed(self, event):
        """A rule that goes needs no more than its counters: what it was is known from its coming."""
        if event["op"] == "newchain" and "hook" not in event and "excl" not in event.get("flags", ()):
            # How a chain is renamed: the next reading writes all of them.
            self.rules.chains_changed()
        if event["op"] in ("newrule", "delrule"):
            self.rules.touched(nft_rules.MODEL_FAMILIES.get(event["family"]), event["table"], event["chain"])
            for expression in event.get("expr", ()):
                if expression["name"] == "counter":
                    event["counters"] = [expression["packets"], expression["bytes"]]
            if event["op"] == "delrule":
                event.pop("expr", None)
        return event

    def generation(self, event):
        events, self.pending = self.pending, []
        self.dirty = True
        self.generation_seen = event["gen"]
        return {"t": time.time(), "kind": "generation", "node": self.name, "gen": event["gen"], "pid": event.get("pid"),
                "process": event.get("process"), "events": events}

    def read_flow_events(self):
        records = []
        lost = []
        skipped = 0
        for data in self.drain(self.flow_events, lambda: lost.append(True)):
            for kind, flags, _, payload in netlink.messages(data):
                what = conntrack_netlink.event(kind, flags)
                flow = conntrack_netlink.decode(payload) if what is not None else None
                if flow is None or not self.is_news(what, flow):
                    continue
                if self.bucket.take():
                    records.append({"t": time.time(), "kind": "flow", "node": self.name, "event": what, "flow": flow})
                else:
                    skipped += 1
        if lost or skipped:
            records.append(self.gap("flows", "%d flow events came faster than they are recorded" % skipped if skipped else "events were lost"))
        return records

    def is_news(self, what, flow):
        """Of the many updates of a connection: the first reply, its assurance, and how it ended."""
        key = (flow["protocol"], *flow["original"].values())
        said = (flow["replied"], flow["assured"], flow["state"] if flow["state"] in WORTH_RECORDING else None)
        before = self.flows.pop(key, None)
        if what != "destroy":
            self.flows[key] = said
            if len(self.flows) > FLOWS_REMEMBERED:
                del self.flows[next(iter(self.flows))]
        return what != "update" or before != said

    def read_route_events(self):
        for _ in self.drain(self.route_events, lambda: None):
            self.routes_changed = True
        # One command makes several events; `ip` need not run for each.
        self.routes_rest_at = time.monotonic() + REST

    # readings, in the node's namespace ---------------------------------------------------------------------------------------------

    def reading(self, base=False):
        """Records of the rules as they are: what events came meanwhile, then a `rules` or `base` record if anything is new."""
        started = time.monotonic()
        self.dirty = False
        reading = nft_rules.read(self.query)
        events = self.read_rules_events()
        if self.behind(reading.generation) and not reading.torn:
            # The kernel tells of a generation a moment after it can be read.
            select.select([self.rules_events], [], [], 0.05)
            events += self.read_rules_events()
        if reading.torn:
            self.dirty = True
            return events
        self.dirty = self.generation_seen not in (None, reading.generation)
        tables = self.rules.update(reading, base, exact=not self.dirty)
        now = time.monotonic()
        self.uncounted = False
        # Counters of a huge ruleset are read less often: at most a twentieth of the time goes into it.
        often = OFTEN_LOOKED_AT if now < self.looked_at_until else OFTEN
        self.counters_at = now + max(often, 20 * (now - started))
        others = sorted(other for other in reading.others if not self.own_table.is_named(other[1]))
        if not base and not tables and others == self.others:
            return events
        self.others = others
        record = {"t": time.time(), "kind": "base" if base else "rules", "node": self.name, "gen": reading.generation, "tables": tables}
        if others:
            record["others"] = others
        return [*events, record]

    def behind(self, generation):
        return self.generation_seen is not None and self.generation_seen != generation

    def base(self):
        """Everything of the node in one record, so that a reader can begin here, after the events that came meanwhile."""
        self.sections = {}
        records = self.reading(base=True)
        if not records or records[-1]["kind"] != "base":
            # Rules change faster than they can be read; the next reading that is not torn brings all of them.
            self.rules.forget()
            records.append({"t": time.time(), "kind": "base", "node": self.name, "gen": None, "tables": []})
        slow = self.slow(force=True)
        records[-1]["sections"] = slow["sections"] if slow is not None else {}
        return records

    def traffic_moved(self):
        """Packets have flowed since the counters were read."""
        now = os.pread(self.traffic_file, 1 << 16, 0)
        self.uncounted = self.uncounted or now != self.traffic
        self.traffic = now
        return self.uncounted

    def slow(self, force=False):
        """A `state` record of what has no events and has changed, and of addresses and routes where there were some."""
        self.routes_rest_at = None
        found = {"listeners": node_state.read_listeners(self.diag)}
        commands = {}
        if self.routes_changed or force:
            self.routes_changed = False
            self.sysctls.open()
            commands.update(node_state.address_commands())
        found["sysctls"] = self.sysctls.read()
        legacy = node_state.legacy_tables()
        for family, command in node_state.legacy_commands(legacy).items():
            commands["legacy-" + family] = command
        sets = node_state.ipset_names(self.query)
        if sets:
            commands["ipset"] = Command(["/usr/sbin/ipset", "save"])
        elif self.sections.get("ipset"):
            found["ipset"] = ""
        wait_all(list(commands.values()))
        found.update({name: command.output for name, command in commands.items() if command.failure() is None})
        changed = {name: value for name, value in found.items() if self.sections.get(name) != value}
        self.sections.update(changed)
        if not changed:
            return None
        return {"t": time.time(), "kind": "state", "node": self.name, "sections": changed}
