"""All of nf_tables in a network namespace, copied message by message and put back in one transaction.

The kernel tells a ruleset in the messages that make it (linux/netfilter/nf_tables.h). Kept as they are they lose nothing, whoever wrote
the rule: iptables' text leaves out what nft wrote, nft's text what iptables wrote. What the kernel numbers itself (handles, uses) is left
out, what it wants and does not tell (the protocol beside an xt match, the id of a set) is added. Counters come back as they stood.
"""

import base64
import os
import socket
import struct

import netlink
import nftables_netlink
from nftables_netlink import NEWCHAIN, NEWRULE, NEWSET, NEWSETELEM, NEWTABLE, SUBSYSTEM

NEWOBJECT, NEWFLOWTABLE = 18, 22
GETOBJECT, GETFLOWTABLE = 19, 23
DELTABLE = 2
TABLE_FLAGS, OWNED = 2, 0x2 | 0x4
CHAIN_FLAGS, CHAIN_BINDING = 10, 0x4
SET_ID, RULE_EXPRESSIONS, RULE_COMPAT = 10, 4, 5
BATCH_BEGIN, BATCH_END = 16, 17
NLM_F_ACK, NLM_F_CREATE, NLM_F_APPEND = 0x4, 0x400, 0x800
SO_SNDBUFFORCE = 32
META_L4PROTO = 16
COMPAT_INVERTED = 2

# In the order in which they can be made: what is asked for, what makes it, the attributes that are kept.
PARTS = (
    (nftables_netlink.GETTABLE, NEWTABLE, (1, 2, 6)),
    (GETOBJECT, NEWOBJECT, (1, 2, 3, 4, 8)),
    (GETFLOWTABLE, NEWFLOWTABLE, (1, 2, 3, 7)),
    (nftables_netlink.GETCHAIN, NEWCHAIN, (1, 3, 4, 5, 7, 8, 10, 12)),
    (nftables_netlink.GETSET, NEWSET, (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 17, 18)),
    (nftables_netlink.GETRULE, NEWRULE, (1, 2, 4, 7)),
)


def attributes_of(view):
    """(raw type, payload), in their order."""
    position, end = 0, len(view)
    while position + 4 <= end:
        length, kind = struct.unpack_from("=HH", view, position)
        if length < 4:
            return
        yield kind, bytes(view[position + 4 : position + length])
        position += (length + 3) & ~3


def packed(kind, payload):
    return struct.pack("=HH", len(payload) + 4, kind) + payload + b"\0" * (-len(payload) % 4)


def kept(body, wanted):
    """A message's payload with the wanted attributes alone, its nfgenmsg first."""
    found = [(kind, payload) for kind, payload in attributes_of(body[4:]) if kind & 0x3FFF in wanted]
    return struct.pack("=BBH", body[0], 0, 0) + b"".join(packed(kind, payload) for kind, payload in found)


def name_of(body, number):
    for kind, payload in attributes_of(body[4:]):
        if kind & 0x3FFF == number:
            return payload.rstrip(b"\0").decode("utf-8", "surrogateescape")
    return ""


def is_bound(body):
    """A table that goes with the process it belongs to (`flags owner`): that of a trace is one."""
    flags = next((struct.unpack("!I", payload)[0] for kind, payload in attributes_of(body[4:]) if kind & 0x3FFF == TABLE_FLAGS), 0)
    return flags & OWNED == 0x2


def read_once(sock):
    messages = []
    bound = set()
    for asked, made, wanted in PARTS:
        for _, body in netlink.request(sock, SUBSYSTEM << 8 | asked, nftables_netlink.header(), netlink.NLM_F_DUMP):
            if made == NEWTABLE and is_bound(body):
                bound.add((body[0], name_of(body, 1)))
            if (body[0], name_of(body, 1)) in bound:
                continue
            if made == NEWRULE:
                body = with_compat(body)
            messages.append((made, kept(body, (*wanted, RULE_COMPAT) if made == NEWRULE else wanted)))
    elements = []
    for made, body in messages:
        if made == NEWSET:
            query = struct.pack("=BBH", body[0], 0, 0) + packed(1, name_bytes(body, 1)) + packed(2, name_bytes(body, 2))
            for _, answer in netlink.request(sock, SUBSYSTEM << 8 | nftables_netlink.GETSETELEM, query, netlink.NLM_F_DUMP):
                elements.append((NEWSETELEM, kept(answer, (1, 2, 3))))
    rules = [one for one in messages if one[0] == NEWRULE]
    return [one for one in messages if one[0] != NEWRULE] + elements + bound_first(messages, rules)


def bound_first(messages, rules):
    """A chain that stands in a rule itself (`jump { ... }`) takes no rule any more once that rule is there; inner ones were made later."""
    bound = [(body[0], name_of(body, 1), name_of(body, 3)) for made, body in messages if made == NEWCHAIN and is_binding(body)]
    if not bound:
        return rules
    places = {key: -position for position, key in enumerate(bound, 1)}
    return sorted(rules, key=lambda rule: places.get((rule[1][0], name_of(rule[1], 1), name_of(rule[1], 2)), 0))


def is_binding(body):
    return any(kind & 0x3FFF == CHAIN_FLAGS and struct.unpack("!I", payload)[0] & CHAIN_BINDING for kind, payload in attributes_of(body[4:]))


def name_bytes(body, number):
    return name_of(body, number).encode("utf-8", "surrogateescape") + b"\0"


def read(sock, attempts=5):
    """Everything of one generation: [[message, base64 of its payload]]. InterruptedError where the rules never rest.
    Tables that go with a process are left out: processes are not kept."""
    for _ in range(attempts):
        before = nftables_netlink.generation(sock)
        try:
            messages = read_once(sock)
        except InterruptedError:
            continue
        except FileNotFoundError:  # a set that went away meanwhile
            continue
        if nftables_netlink.generation(sock).get("gen") == before.get("gen"):
            return [[made, base64.b64encode(body).decode()] for made, body in messages]
    raise InterruptedError("the rules changed faster than they could be read")


def with_compat(body):
    """The protocol that a rule's packets have, which xt matches ask for (`tcp` wants 6) and the kernel does not tell."""
    if b"match\0" not in body and b"target\0" not in body:
        return body
    loaded = None
    for expression in nftables_netlink.decode_rule(body).get("expr", ()):
        name = expression["name"]
        if name == "meta" and expression.get("key") == META_L4PROTO:
            loaded = expression.get("dreg")
        elif name == "payload" and expression.get("base") == 1 and expression.get("len") == 1 and expression.get("offset") == (9 if body[0] == 2 else 6):
            loaded = expression.get("dreg")
        elif name == "cmp" and loaded is not None and expression.get("sreg") == loaded:
            value = expression.get("data")
            if isinstance(value, str) and len(value) == 2 and expression.get("op", 0) in (0, 1):
                flags = COMPAT_INVERTED if expression.get("op", 0) == 1 else 0
                compat = packed(1, struct.pack("!I", int(value, 16))) + packed(2, struct.pack("!I", flags))
                return body + packed(RULE_COMPAT | 0x8000, compat)
            loaded = None
    return body


def chains_of(messages):
    """(family, table, chain) -> [policy or None, rules] of what read() gave."""
    found = {}
    for made, text in messages:
        if made not in (NEWCHAIN, NEWRULE):
            continue
        body = base64.b64decode(text)
        family = nftables_netlink.FAMILIES.get(body[0], str(body[0]))
        if made == NEWCHAIN:
            parts = {kind & 0x3FFF: payload for kind, payload in attributes_of(body[4:])}
            policy = struct.unpack("!I", parts[5])[0] if 5 in parts else None
            found.setdefault((family, name_of(body, 1), name_of(body, 3)), [None, 0])[0] = policy
        else:
            found.setdefault((family, name_of(body, 1), name_of(body, 2)), [None, 0])[1] += 1
    return found


# putting back ------------------------------------------------------------------------------------------------------------------


def load(sock, messages, set_numbers=None):
    """Puts what read() gave in the place of everything that is there, in one transaction: all of it or nothing. `set_numbers` maps the
    ipset numbers that its rules name to today's. Raises OSError with what the kernel says."""
    batch = [message(SUBSYSTEM << 8 | DELTABLE, NLM_F_ACK, nftables_netlink.header(), 1)]
    for position, (made, text) in enumerate(messages, 2):
        body = base64.b64decode(text)
        flags = NLM_F_CREATE | (NLM_F_APPEND if made == NEWRULE else 0)
        if made == NEWTABLE:
            body = without_owner(body)
        if made == NEWSET:
            body += packed(SET_ID, struct.pack("!I", position))
        if made == NEWRULE and set_numbers:
            body = renumbered(body, set_numbers)
        batch.append(message(SUBSYSTEM << 8 | made, flags, body, position))
    border = struct.pack("=BBH", 0, 0, socket.htons(SUBSYSTEM))
    data = message(BATCH_BEGIN, 0, border, 0) + b"".join(batch) + message(BATCH_END, 0, border, len(batch) + 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, max(1 << 20, 2 * len(data)))
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, max(1 << 20, 2 * len(data)))
    sock.send(data)
    failure = None
    sock.setblocking(False)
    try:
        while True:
            for kind, _, sequence, payload in netlink.messages(sock.recv(1 << 20)):
                error = -struct.unpack_from("=i", payload)[0] if kind == netlink.NLMSG_ERROR else 0
                if error and failure is None:
                    failure = OSError(error, "%s (message %d of %d: %s)" % (os.strerror(error), sequence, len(batch), what(messages, sequence)))
    except BlockingIOError:
        pass
    finally:
        sock.setblocking(True)
    if failure is not None:
        raise failure


def message(kind, flags, payload, sequence):
    return netlink.HEADER.pack(16 + len(payload), kind, netlink.NLM_F_REQUEST | flags, sequence, 0) + payload + b"\0" * (-len(payload) % 4)


NAMES = {NEWTABLE: "table", NEWCHAIN: "chain", NEWRULE: "rule", NEWSET: "set", NEWSETELEM: "elements", NEWOBJECT: "object", NEWFLOWTABLE: "flowtable"}


def what(messages, sequence):
    if not 2 <= sequence < len(messages) + 2:
        return "transaction"
    made, text = messages[sequence - 2]
    body = base64.b64decode(text)
    return "%s of table %s" % (NAMES.get(made, made), name_of(body, 1))


def without_owner(body):
    """A table that belonged to a process belongs to nobody now."""
    found = b""
    for kind, payload in attributes_of(body[4:]):
        if kind & 0x3FFF == TABLE_FLAGS:
            payload = struct.pack("!I", struct.unpack("!I", payload)[0] & ~OWNED)
        found += packed(kind, payload)
    return body[:4] + found


# xt names of those whose parameters name ipsets by the kernel's number (linux/netfilter/xt_set.h), and where the numbers stand.
SET_NUMBERS = {b"match": {b"set": (0,)}, b"target": {b"SET": (0, 4, 8)}}
NO_SET = 0xFFFF


def renumbered(body, numbers):
    found = b""
    for kind, payload in attributes_of(body[4:]):
        if kind & 0x3FFF == RULE_EXPRESSIONS:
            payload = b"".join(packed(each, expression_renumbered(inner, numbers)) for each, inner in attributes_of(payload))
        found += packed(kind, payload)
    return body[:4] + found


def expression_renumbered(expression, numbers):
    parts = list(attributes_of(expression))
    name = next((payload.rstrip(b"\0") for kind, payload in parts if kind & 0x3FFF == 1), b"")
    places = SET_NUMBERS.get(name)
    if places is None:
        return expression
    return b"".join(packed(kind, info_renumbered(payload, places, numbers) if kind & 0x3FFF == 2 else payload) for kind, payload in parts)


def info_renumbered(data, places, numbers):
    parts = list(attributes_of(data))
    xt = next((payload.rstrip(b"\0") for kind, payload in parts if kind & 0x3FFF == 1), b"")
    if xt not in places:
        return data
    found = b""
    for kind, payload in parts:
        if kind & 0x3FFF == 3:
            info = bytearray(payload)
            for place in places[xt]:
                if place + 2 <= len(info):
                    number = struct.unpack_from("=H", info, place)[0]
                    struct.pack_into("=H", info, place, number if number == NO_SET else numbers.get(number, number))
            payload = bytes(info)
        found += packed(kind, payload)
    return found
