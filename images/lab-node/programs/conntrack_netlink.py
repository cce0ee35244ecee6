"""Conntrack entries as ctnetlink gives them (linux/netfilter/nfnetlink_conntrack.h), in the shape of a snapshot's entries."""

import socket
import struct

from netlink import NLM_F_CREATE, NLM_F_DUMP, attributes, request

SUBSYSTEM = 1
NEW, GET, DELETE = 0, 1, 2
GROUPS = (1, 2, 3)  # NFNLGRP_CONNTRACK_NEW, _UPDATE, _DESTROY

PROTOCOLS = {1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp", 136: "udplite"}
TCP_STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2")


def port(view):
    return None if view is None else struct.unpack("!H", view)[0]


def decode_tuple(view):
    parts = attributes(view)
    address = attributes(parts.get(1, b""))
    proto = attributes(parts.get(2, b""))
    six = 3 in address
    family = socket.AF_INET6 if six else socket.AF_INET
    text = lambda key: socket.inet_ntop(family, bytes(address[key])) if key in address else ""
    return {
        "source": text(3 if six else 1),
        "destination": text(4 if six else 2),
        "sourcePort": port(proto.get(2)),
        "destinationPort": port(proto.get(3)),
    }, (proto[1][0] if 1 in proto else 0)


def decode(payload):
    """One entry; None for a message without tuples."""
    found = attributes(payload[4:])
    if 1 not in found or 2 not in found:
        return None
    original, number = decode_tuple(found[1])
    reply, _ = decode_tuple(found[2])
    status = struct.unpack("!I", found[3])[0] if 3 in found else 0
    state = None
    if 4 in found:
        tcp = attributes(attributes(found[4]).get(1, b""))
        if 1 in tcp:
            state = TCP_STATES[tcp[1][0]] if tcp[1][0] < len(TCP_STATES) else str(tcp[1][0])
    return {
        "family": "ipv6" if payload[0] == socket.AF_INET6 else "ipv4",
        "protocol": PROTOCOLS.get(number, str(number)),
        "state": state,
        "original": original,
        "reply": reply,
        "replied": bool(status & 2),
        "assured": bool(status & 4),
        "mark": struct.unpack("!I", found[8])[0] if 8 in found else 0,
    }


def event(kind, flags):
    """new, update or destroy; None where the message is none of conntrack's."""
    if kind >> 8 != SUBSYSTEM:
        return None
    if kind & 0xFF == DELETE:
        return "destroy"
    if kind & 0xFF == NEW:
        return "new" if flags & NLM_F_CREATE else "update"
    return None


def dump(sock, limit):
    """The whole table, at most `limit` entries: (entries, whether there are more)."""
    answers = request(sock, SUBSYSTEM << 8 | GET, struct.pack("=BBH", socket.AF_UNSPEC, 0, 0), NLM_F_DUMP)
    entries = [entry for entry in (decode(body) for _, body in answers[:limit]) if entry is not None]
    return entries, len(answers) > limit
