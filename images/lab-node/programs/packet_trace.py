"""One probe whose packets the kernel tells of in every node: which chains they met, which rules matched, what became of them.

Runs in the outer container: python3 -I -S -B packet_trace.py REQUEST. REQUEST is JSON:
  nodes      names of the nodes to look in
  table      the name of our table in each of them, which nobody else may have
  probe      a request of probe.py; its sourcePort (tcp, udp, http) or identifier (icmp) is what the packets are known by
It prints {"probe": what probe.py gives, "packets": [...]}, or {"failure": CAUSE}. Each packet is one way through one node: {"node", "end":
"delivered", "left" or null, "headers": [...], "steps": [...]} in the kernel's order; a header's `step` is how many steps came before it. A chain of our own sets nftrace for just that flow; its table has an owner, which the kernel
itself removes with this process, however that ends (nft(8), "flags owner"). Packets that a node sends itself begin in OUTPUT.
"""

import ctypes
import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import netlink
import probe
from probe_packets import ETH_P_IP, ETH_P_IPV6, ICMP, ICMPV6, parse_packet

NFNLGRP_NFTRACE = 9
NFT_MSG_TRACE = 17
# linux/netfilter/nf_tables.h, enum nft_trace_attributes
TRACE_TABLE, TRACE_CHAIN, TRACE_RULE_HANDLE, TRACE_TYPE, TRACE_VERDICT, TRACE_ID = 1, 2, 3, 4, 5, 6
TRACE_NETWORK_HEADER, TRACE_TRANSPORT_HEADER, TRACE_IIF, TRACE_OIF = 8, 9, 10, 12
TRACE_MARK, TRACE_NFPROTO, TRACE_POLICY = 14, 15, 16
TYPES = {1: "policy", 2: "return", 3: "rule"}
VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", -1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return"}
FAMILIES = {1: "inet", 2: "ip", 10: "ip6"}
# Our chains at the end of a way: who met one got that far.
ENDS = {"input": "delivered", "postrouting": "left"}
BUFFER = 8 << 20
MOST_EVENTS = 20000


class Nft:
    """libnftables in the namespace that the thread is in; a table with an owner lives as long as its socket."""

    library = None

    def __init__(self):
        if Nft.library is None:
            library = ctypes.CDLL("libnftables.so.1")
            library.nft_ctx_new.restype = ctypes.c_void_p
            library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
            for function in (library.nft_ctx_get_error_buffer, library.nft_ctx_buffer_error):
                function.argtypes = [ctypes.c_void_p]
            library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
            Nft.library = library
        self.context = Nft.library.nft_ctx_new(0)
        Nft.library.nft_ctx_buffer_error(self.context)

    def run(self, commands):
        if Nft.library.nft_run_cmd_from_buffer(self.context, commands.encode()):
            error = Nft.library.nft_ctx_get_error_buffer(self.context).decode("utf-8", "replace")
            raise OSError(0, "nft: " + error.split("\n")[0])


def table_text(table, request):
    """Sets the mark before anything else looks at a packet; the empty chains at the end of the way show it as it leaves or is delivered."""
    marks = "\n".join("meta l4proto %s meta nftrace set 1" % condition for condition in conditions(request))
    bases = [("prerouting", -500, marks), ("output", -500, marks), ("input", 500, ""), ("postrouting", 500, "")]
    chains = ["chain %s {\ntype filter hook %s priority %d\n%s\n}" % (hook, hook, at, rules) for hook, at, rules in bases]
    return "table inet %s {\nflags owner\n%s\n}\n" % (table, "\n".join(chains))


def conditions(request):
    if request["protocol"] == "icmp":
        number = request["identifier"]
        return ["icmp icmp id %d" % number, "ipv6-icmp icmpv6 id %d" % number]
    protocol = "udp" if request["protocol"] == "udp" else "tcp"
    return ["%s th %s %d" % (protocol, side, request["sourcePort"]) for side in ("sport", "dport")]


class TracedNode:
    def __init__(self, name, table, request):
        self.name = name
        self.table = table
        self.socket = netlink.open_socket(netlink.NETLINK_NETFILTER, (NFNLGRP_NFTRACE,), BUFFER)
        self.socket.setblocking(False)
        self.nft = Nft()
        self.nft.run(table_text(table, request))
        self.interfaces = dict(socket.if_nameindex())

    def packets(self):
        """What the kernel told since the beginning, packet by packet."""
        found = []
        for family, event in self.events():
            # A packet's number is made of its place in memory: the next one may have the same. Our own rule is where its way begins.
            begins = event["table"] == self.table and event["type"] == "rule" and event["handle"] is not None
            packet = None if begins else next((one for one in reversed(found) if one["id"] == event["id"]), None)
            if packet is None:
                packet = {"id": event["id"], "node": self.name, "headers": [], "steps": [], "end": None}
                found.append(packet)
            header = event.pop("header")
            if header is not None:
                packet["headers"].append(header | {"step": len(packet["steps"])})
            if event["table"] == self.table:
                packet["end"] = ENDS.get(event["chain"], packet["end"])
            elif event["handle"] is not None or event["type"] != "rule":
                packet["steps"].append(event | {"family": FAMILIES.get(family, "")})
        for packet in found:
            for part in (packet, *packet["steps"]):
                part.pop("id", None)
        return found

    def events(self):
        count = 0
        while count < MOST_EVENTS:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                return
            for kind, _, _, payload in netlink.messages(data):
                if kind & 0xFF == NFT_MSG_TRACE:
                    count += 1
                    yield payload[0], self.event(netlink.attributes(payload[4:]))

    def event(self, found):
        verdict, chain = verdict_of(found.get(TRACE_VERDICT))
        policy = number(found.get(TRACE_POLICY))
        return {
            "id": number(found.get(TRACE_ID)),
            "type": TYPES.get(number(found.get(TRACE_TYPE)), "rule"),
            "table": text(found.get(TRACE_TABLE)),
            "chain": text(found.get(TRACE_CHAIN)),
            "handle": None if TRACE_RULE_HANDLE not in found else struct.unpack("!Q", found[TRACE_RULE_HANDLE])[0],
            "verdict": verdict if policy is None else VERDICTS.get(policy, "accept"),
            "to": chain,
            "header": self.header(found),
        }

    def header(self, found):
        """The packet as the chain met it; told once a chain."""
        if TRACE_NETWORK_HEADER not in found:
            return None
        network = bytes(found[TRACE_NETWORK_HEADER])
        transport = bytes(found.get(TRACE_TRANSPORT_HEADER, b""))
        six = network[0] >> 4 == 6
        packet = parse_packet(whole(network, transport, six), ETH_P_IPV6 if six else ETH_P_IP)
        if packet is None:
            return None
        body = packet.pop("body")
        icmp = packet["protocol"] in (ICMP, ICMPV6) and len(body) > 0
        tcp = packet["protocol"] == 6 and len(body) >= 14
        return packet | {
            "ttl": network[7] if six else network[8],
            "icmpType": body[0] if icmp else None,
            "flags": body[13] if tcp else None,
            "sequence": struct.unpack("!I", body[4:8])[0] if tcp else None,
            "mark": number(found.get(TRACE_MARK)) or 0,
            "in": self.interfaces.get(number(found.get(TRACE_IIF))),
            "out": self.interfaces.get(number(found.get(TRACE_OIF))),
        }


def whole(network, transport, six):
    """The kernel gives the headers only: the packet's length said in them is longer."""
    if six:
        return network + transport
    return network[:2] + struct.pack("!H", len(network) + len(transport)) + network[4:] + transport


def verdict_of(payload):
    if payload is None:
        return None, None
    inner = netlink.attributes(payload)
    code = struct.unpack("!i", inner[1])[0]
    # linux/netfilter.h: the lower byte is the verdict, what is above belongs to it (NF_DROP's errno, NF_QUEUE's number).
    return VERDICTS.get(code if code < 0 else code & 0xFF, "accept"), text(inner.get(2))


def number(payload):
    return None if payload is None else struct.unpack("!I", payload)[0]


def text(payload):
    return None if payload is None else bytes(payload).rstrip(b"\0").decode("utf-8", "replace")


def main():
    request = json.loads(sys.argv[1])
    nodes = []
    try:
        for name in request["nodes"]:
            probe.enter(name)
            nodes.append(TracedNode(name, request["table"], request["probe"]))
        result = {"probe": probe.attempt(request["probe"]), "packets": [packet for node in nodes for packet in node.packets()]}
    except OSError as error:
        result = {"failure": "%s (%s)" % (error.strerror or error, error.filename or request["probe"]["protocol"])}
    json.dump(result, sys.stdout)
    print()


main()
