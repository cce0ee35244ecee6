"""nf_tables read straight from the kernel: what a network namespace holds, and each change as it is made.

Every message becomes a plain dict: {op, family, table, chain, handle, expr: [{name, ...}]}; engine/netfilter/nft/expressions.ts has
the same shapes as types. Numbers are numbers; data of registers and the parameters of xt matches and targets are hex text, in the byte
order in which the kernel compares them. Numbers of attributes are those of linux/netfilter/nf_tables.h.

    nftables_netlink.py dump [FAMILY [TABLE]]    one JSON line for each table, chain and rule of this namespace
    nftables_netlink.py watch                    one JSON line for each event, {"op": "lost"} where the kernel dropped some
"""

import errno
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import netlink

SUBSYSTEM = 10
NFNLGRP_NFTABLES = 7
BUFFER = 32 << 20

NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800

FAMILIES = {0: "unspec", 1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
NEWTABLE, GETTABLE, DELTABLE, NEWCHAIN, GETCHAIN, DELCHAIN, NEWRULE, GETRULE, DELRULE = range(9)
NEWSET, GETSET, DELSET, NEWSETELEM, GETSETELEM, DELSETELEM, NEWGEN, GETGEN = range(9, 17)
DESTROYTABLE, DESTROYCHAIN, DESTROYRULE = 26, 27, 28
OPERATIONS = {
    NEWTABLE: "newtable", DELTABLE: "deltable", NEWCHAIN: "newchain", DELCHAIN: "delchain", NEWRULE: "newrule", DELRULE: "delrule",
    NEWSET: "newset", DELSET: "delset", NEWSETELEM: "newsetelem", DELSETELEM: "delsetelem", NEWGEN: "newgen", 18: "newobj", 20: "delobj",
    22: "newflowtable", 24: "delflowtable", DESTROYTABLE: "deltable", DESTROYCHAIN: "delchain", DESTROYRULE: "delrule",
}

ATTRIBUTE = struct.Struct("=HH")
U16, U32, S32, U64 = struct.Struct("!H"), struct.Struct("!I"), struct.Struct("!i"), struct.Struct("!Q")


class Lost(Exception):
    """The kernel dropped events because they came faster than they were read: what came between is unknown."""


def u8(value):
    return value[0]


def u16(value):
    return U16.unpack(value)[0]


def u32(value):
    return U32.unpack(value)[0]


def s32(value):
    return S32.unpack(value)[0]


def u64(value):
    return U64.unpack(value)[0]


def string(value):
    return value.rstrip(b"\0").decode("utf-8", "replace")


def hexadecimal(value):
    return value.hex()


def parts(value):
    """(number, payload) of the attributes that stand one after another in bytes."""
    position, end = 0, len(value)
    while position + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(value, position)
        if length < 4:
            return
        yield kind & 0x3FFF, value[position + 4 : position + length]
        position += (length + 3) & ~3


def nested(table):
    def read(value):
        found = {}
        for number, payload in parts(value):
            field = table.get(number)
            if field is not None:
                found[field[0]] = field[1](payload)
        return found

    return read


read_verdict = nested({1: ("code", s32), 2: ("chain", string)})


def data(value):
    """A register's value as hex, or a verdict as {code, chain}."""
    for number, payload in parts(value):
        return payload.hex() if number == 1 else read_verdict(payload)
    return ""


def expressions(value):
    return [expression(payload) for _, payload in parts(value)]


compat = nested({1: ("proto", u32), 2: ("flags", u32)})


EXPRESSIONS = {
    "immediate": {1: ("dreg", u32), 2: ("data", data)},
    "bitwise": {1: ("sreg", u32), 2: ("dreg", u32), 3: ("len", u32), 4: ("mask", data), 5: ("xor", data), 6: ("op", u32),
                7: ("data", data), 8: ("sreg2", u32)},
    "byteorder": {1: ("sreg", u32), 2: ("dreg", u32), 3: ("op", u32), 4: ("len", u32), 5: ("size", u32)},
    "cmp": {1: ("sreg", u32), 2: ("op", u32), 3: ("data", data)},
    "range": {1: ("sreg", u32), 2: ("op", u32), 3: ("from", data), 4: ("to", data)},
    "lookup": {1: ("set", string), 2: ("sreg", u32), 3: ("dreg", u32), 4: ("set_id", u32), 5: ("flags", u32)},
    "dynset": {1: ("set", string), 2: ("set_id", u32), 3: ("op", u32), 4: ("sreg_key", u32), 5: ("sreg_data", u32), 6: ("timeout", u64),
               7: ("expr", lambda value: expression(value)), 9: ("flags", u32), 10: ("exprs", expressions)},
    "payload": {1: ("dreg", u32), 2: ("base", u32), 3: ("offset", u32), 4: ("len", u32), 5: ("sreg", u32), 6: ("csum_type", u32),
                7: ("csum_offset", u32), 8: ("csum_flags", u32)},
    "exthdr": {1: ("dreg", u32), 2: ("type", u8), 3: ("offset", u32), 4: ("len", u32), 5: ("flags", u32), 6: ("op", u32),
               7: ("sreg", u32)},
    "meta": {1: ("dreg", u32), 2: ("key", u32), 3: ("sreg", u32)},
    "rt": {1: ("dreg", u32), 2: ("key", u32)},
    "socket": {1: ("key", u32), 2: ("dreg", u32), 3: ("level", u32)},
    "hash": {1: ("sreg", u32), 2: ("dreg", u32), 3: ("len", u32), 4: ("modulus", u32), 5: ("seed", u32), 6: ("offset", u32),
             7: ("type", u32)},
    "ct": {1: ("dreg", u32), 2: ("key", u32), 3: ("direction", u8), 4: ("sreg", u32)},
    "limit": {1: ("rate", u64), 2: ("unit", u64), 3: ("burst", u32), 4: ("type", u32), 5: ("flags", u32)},
    "connlimit": {1: ("count", u32), 2: ("flags", u32)},
    "counter": {1: ("bytes", u64), 2: ("packets", u64)},
    "log": {1: ("group", u16), 2: ("prefix", string), 3: ("snaplen", u32), 4: ("qthreshold", u16), 5: ("level", u32), 6: ("flags", u32)},
    "queue": {1: ("num", u16), 2: ("total", u16), 3: ("flags", u16), 4: ("sreg_qnum", u32)},
    "quota": {1: ("bytes", u64), 2: ("flags", u32), 4: ("consumed", u64)},
    "reject": {1: ("type", u32), 2: ("icmp_code", u8)},
    "nat": {1: ("type", u32), 2: ("family", u32), 3: ("reg_addr_min", u32), 4: ("reg_addr_max", u32), 5: ("reg_proto_min", u32),
            6: ("reg_proto_max", u32), 7: ("flags", u32)},
    "tproxy": {1: ("family", u32), 2: ("reg_addr", u32), 3: ("reg_port", u32)},
    "masq": {1: ("flags", u32), 2: ("reg_proto_min", u32), 3: ("reg_proto_max", u32)},
    "redir": {1: ("reg_proto_min", u32), 2: ("reg_proto_max", u32), 3: ("flags", u32)},
    "dup": {1: ("sreg_addr", u32), 2: ("sreg_dev", u32)},
    "fwd": {1: ("sreg_dev", u32), 2: ("sreg_addr", u32), 3: ("nfproto", u32)},
    "objref": {1: ("imm_type", u32), 2: ("imm_name", string), 3: ("set_sreg", u32), 4: ("set_name", string), 5: ("set_id", u32)},
    "numgen": {1: ("dreg", u32), 2: ("modulus", u32), 3: ("type", u32), 4: ("offset", u32)},
    "fib": {1: ("dreg", u32), 2: ("result", u32), 3: ("flags", u32)},
    "match": {1: ("xt", string), 2: ("rev", u32), 3: ("info", hexadecimal)},
    "target": {1: ("xt", string), 2: ("rev", u32), 3: ("info", hexadecimal)},
    "last": {1: ("set", u32), 2: ("msecs", u64)},
}

# Rulesets repeat the same few expressions; decoding each once is what makes thousands of rule events a second affordable. Callers
# must not change what they get.
decoded = {}
CACHED = 20000


def expression(value):
    known = decoded.get(value)
    if known is not None:
        return known
    found = {"name": ""}
    for number, payload in parts(value):
        if number == 1:
            found["name"] = string(payload)
        elif number == 2:
            table = EXPRESSIONS.get(found["name"])
            found.update({"raw": payload.hex()} if table is None else nested(table)(payload))
    if len(decoded) >= CACHED:
        decoded.clear()
    decoded[value] = found
    return found


SET_ELEMENT = nested({1: ("key", data), 3: ("flags", u32), 10: ("key_end", data)})


def elements(value):
    return [SET_ELEMENT(payload) for _, payload in parts(value)]


HOOK = nested({1: ("number", u32), 2: ("priority", s32), 3: ("device", string)})
COUNTERS = nested({1: ("bytes", u64), 2: ("packets", u64)})

RULE = {1: ("table", string), 2: ("chain", string), 3: ("handle", u64), 4: ("expr", expressions), 5: ("compat", compat),
        6: ("position", u64), 7: ("userdata", hexadecimal)}
CHAIN = {1: ("table", string), 2: ("handle", u64), 3: ("chain", string), 4: ("hook", HOOK), 5: ("policy", u32), 7: ("type", string),
         8: ("counters", COUNTERS)}
TABLE = {1: ("table", string), 4: ("handle", u64)}
GENERATION = {1: ("gen", u32), 2: ("pid", u32), 3: ("process", string)}
SET = {1: ("table", string), 2: ("set", string), 16: ("handle", u64)}
ELEMENTS = {1: ("table", string), 2: ("set", string), 3: ("elements", elements)}

FIELDS = {"newrule": RULE, "delrule": RULE, "newchain": CHAIN, "delchain": CHAIN, "newtable": TABLE, "deltable": TABLE,
          "newgen": GENERATION, "newset": SET, "delset": SET, "newsetelem": ELEMENTS, "delsetelem": ELEMENTS}


def read_fields(table, body, found):
    """Puts the attributes after a message's nfgenmsg into `found`."""
    position, end = 4, len(body)
    unpack = ATTRIBUTE.unpack_from
    while position + 4 <= end:
        length, kind = unpack(body, position)
        if length < 4:
            break
        field = table.get(kind & 0x3FFF)
        if field is not None:
            found[field[0]] = field[1](body[position + 4 : position + length])
        position += (length + 3) & ~3
    return found


def decode(kind, flags, body):
    """The dict of one message of the nf_tables subsystem (`body` begins with its nfgenmsg), None for any other message."""
    if kind >> 8 != SUBSYSTEM:
        return None
    operation = OPERATIONS.get(kind & 0xFF)
    if operation is None:
        return None
    body = bytes(body)
    found = {"op": operation, "family": FAMILIES.get(body[0], str(body[0]))}
    if flags:
        names = [name for bit, name in ((NLM_F_APPEND, "append"), (NLM_F_CREATE, "create"), (NLM_F_EXCL, "excl"),
                                        (NLM_F_REPLACE, "replace")) if flags & bit]
        if names and operation.startswith("new"):
            found["flags"] = names
    return read_fields(FIELDS.get(operation, ELEMENTS), body, found)


def decode_rule(body):
    """The dict of a rule from the payload of its message, nfgenmsg first."""
    return decode(SUBSYSTEM << 8 | NEWRULE, 0, body)


class AnonymousSets:
    """Elements of the sets that stand in rules themselves ({80, 443}): they come before their rule and never change. A rule's lookups
    get them as `elements`: [{key, key_end, flags}], where flag 1 ends an interval (NFT_SET_ELEM_INTERVAL_END) and data is hex."""

    def __init__(self):
        self.found = {}

    def complete(self, event):
        """Learns from an event, or gives a rule its elements. Returns the event; a rule with sets is a new one."""
        operation = event["op"]
        if operation == "newsetelem":
            if is_anonymous(event["set"]):
                self.found.setdefault((event["family"], event["table"], event["set"]), []).extend(event.get("elements", ()))
        elif operation in ("newset", "delset"):
            # Names are used again.
            self.found.pop((event["family"], event["table"], event["set"]), None)
        elif operation == "newrule" and any(one["name"] == "lookup" for one in event.get("expr", ())):
            return event | {"expr": [self.filled(event, one) for one in event["expr"]]}
        return event

    def filled(self, rule, one):
        known = self.found.get((rule["family"], rule["table"], one.get("set"))) if one["name"] == "lookup" else None
        return one if known is None else one | {"elements": known}

    def read(self, sock, rule):
        """Asks the kernel for the sets of a rule that was not seen coming, and gives it their elements."""
        for one in rule.get("expr", ()):
            name = one.get("set", "") if one["name"] == "lookup" else ""
            if is_anonymous(name) and (rule["family"], rule["table"], name) not in self.found:
                try:
                    for element in set_elements(sock, rule["family"], rule["table"], name):
                        self.complete(element)
                except OSError:
                    # Gone since the rule was read: what the rule asks for stays unknown.
                    self.found.pop((rule["family"], rule["table"], name), None)
        return self.complete(rule)


def is_anonymous(name):
    return name.startswith("__set")


def attribute(number, text):
    payload = text.encode() + b"\0"
    return ATTRIBUTE.pack(len(payload) + 4, number) + payload + b"\0" * (-len(payload) % 4)


def set_elements(sock, family, table, name):
    number = next((key for key, value in FAMILIES.items() if value == family), 0)
    body = header(number) + attribute(1, table) + attribute(2, name)
    for kind, answer in netlink.request(sock, SUBSYSTEM << 8 | GETSETELEM, body, netlink.NLM_F_DUMP):
        found = decode(kind, 0, answer)
        if found is not None:
            yield found


def subscribe():
    """A socket that gets every nf_tables event of the namespace that the thread is in."""
    return netlink.open_socket(netlink.NETLINK_NETFILTER, (NFNLGRP_NFTABLES,), BUFFER)


def receive(sock):
    """The events of one recv, in order. A transaction ends with its newgen. Raises Lost where the kernel dropped some."""
    try:
        received = sock.recv(1 << 20)
    except OSError as error:
        if error.errno == errno.ENOBUFS:
            raise Lost from error
        raise
    for kind, flags, _, body in netlink.messages(received):
        event = decode(kind, flags, body)
        if event is not None:
            yield event


def header(family=0):
    return struct.pack("=BBH", family, 0, 0)


def generation(sock):
    """{gen, pid, process} of the namespace now."""
    for kind, body in netlink.request(sock, SUBSYSTEM << 8 | GETGEN, header()):
        return decode(kind, 0, body)
    return None


def dump(sock, wanted=(GETTABLE, GETCHAIN, GETRULE)):
    """Tables, chains and rules in the kernel's order. Raises InterruptedError when they changed meanwhile."""
    sets = AnonymousSets()
    for message in wanted:
        for kind, body in netlink.request(sock, SUBSYSTEM << 8 | message, header(), netlink.NLM_F_DUMP):
            found = decode(kind, 0, body)
            if found is not None:
                yield sets.read(sock, found)


def write(found):
    sys.stdout.write(json.dumps(found, separators=(",", ":")) + "\n")


def main(words):
    if words[:1] == ["dump"]:
        with netlink.open_socket(netlink.NETLINK_NETFILTER) as sock:
            for found in dump(sock):
                if words[1:] in ([], [found.get("family")], [found.get("family"), found.get("table")]):
                    write(found)
        return 0
    if words == ["watch"]:
        with subscribe() as sock:
            sets = AnonymousSets()
            write({"op": "watching"})
            sys.stdout.flush()
            while True:
                try:
                    for event in receive(sock):
                        write(sets.complete(event))
                except Lost:
                    write({"op": "lost"})
                sys.stdout.flush()
    sys.stderr.write("usage: nftables_netlink.py dump [FAMILY [TABLE]] | watch\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
