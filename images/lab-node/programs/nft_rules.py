"""A node's nf_tables rules in one consistent reading: iptables-save's text beside the handles of the same generation.

iptables-save prints the rules of a chain in the kernel's order, so its nth rule is the nth handle of a dump, as long as no generation
came between. linux/netfilter/nf_tables.h has the numbers.
"""

import struct

from commands import Command, wait_all
from netlink import NLM_F_DUMP, attributes, request

SUBSYSTEM = 10
GETTABLE, GETCHAIN, GETRULE, NEWGEN, GETGEN = 1, 4, 7, 15, 16
FAMILIES = {2: "ipv4", 10: "ipv6"}
MODEL_FAMILIES = {"ip": "ipv4", "ip6": "ipv6"}
NFT_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
IPTABLES_TABLES = ("raw", "mangle", "nat", "filter", "security")
SAVE = {"ipv4": "/usr/sbin/iptables-nft-save", "ipv6": "/usr/sbin/ip6tables-nft-save"}

# Expressions that iptables-nft does not write (it has xt matches and targets for them; log only for NFLOG): a rule with one of them needs nft to be read.
FOREIGN_NAMES = (b"lookup", b"ct", b"fib", b"rt", b"socket", b"numgen", b"hash", b"dynset", b"objref", b"quota", b"queue", b"notrack",
                 b"dup", b"fwd", b"synproxy", b"tproxy", b"reject", b"masq", b"redir", b"nat", b"exthdr", b"connlimit", b"last", b"osf",
                 b"xfrm", b"tunnel", b"byteorder", b"log")
# As NFTA_EXPR_NAME stands in a rule.
FOREIGN = tuple(struct.pack("=HH", len(name) + 5, 1) + name + b"\0" for name in FOREIGN_NAMES)
COUNTER = struct.pack("=HH", 12, 1) + b"counter\0"


def text(view):
    return bytes(view).rstrip(b"\0").decode("utf-8", "replace")


def ask(sock, message, dump=True):
    header = struct.pack("=BBH", 0, 0, 0)
    return request(sock, SUBSYSTEM << 8 | message, header, NLM_F_DUMP if dump else 0)


def generation(sock):
    for kind, body in ask(sock, GETGEN, dump=False):
        if kind == SUBSYSTEM << 8 | NEWGEN:
            return struct.unpack("!I", attributes(body[4:])[1])[0]
    return None


def tables(sock):
    """(family number, name) of each table."""
    return [(body[0], text(attributes(body[4:])[1])) for _, body in ask(sock, GETTABLE)]


def rule_head(body):
    """Table, chain and handle of a rule's message, which come first and in this order, and where its other attributes begin."""
    position = 4
    found = [None, None, None, len(body)]
    while position + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, position)
        kind &= 0x3FFF
        if kind in (1, 2):
            found[kind - 1] = body[position + 4 : position + length - 1].decode("utf-8", "replace")
        elif kind == 3:
            found[2:] = [struct.unpack_from("!Q", body, position + 4)[0], position + length]
            break
        position += (length + 3) & ~3
    return found


class Reading:
    """What one reading found. `torn`: generations came faster than they could be read; positions then mean nothing."""

    def __init__(self):
        self.generation = None
        self.torn = False
        self.save = {}
        self.handles = {}
        self.bodies = {}
        self.foreign = set()
        self.sets = None
        self.others = []
        self.chains = {}
        self.nft = {}
        self.problems = []


def anonymous_sets(sock, found):
    """Elements of the sets that stand in rules which iptables did not write."""
    import nftables_netlink

    sets = nftables_netlink.AnonymousSets()
    for key in found.foreign:
        for body in found.bodies.get(key, ()):
            if b"lookup" in body:
                sets.read(sock, nftables_netlink.decode_rule(body))
    return sets


def refused_tables(save):
    """Names of the tables that iptables-save does not print: "# Table `filter' is incompatible, use 'nft' tool."."""
    return [line.split("`", 1)[1].split("'", 1)[0] for line in save.splitlines() if line.startswith("# Table `") and "incompatible" in line]


def read_once(sock, want_nft):
    found = Reading()
    found.generation = generation(sock)
    names = tables(sock)
    ours = {}
    for number, name in names:
        if number in FAMILIES and name in IPTABLES_TABLES:
            ours.setdefault(FAMILIES[number], []).append(name)
        else:
            found.others.append((NFT_FAMILIES.get(number, str(number)), name))
    commands = {family: Command([SAVE[family], "-c"]) for family in ours}
    try:
        for _, body in ask(sock, GETCHAIN) if ours else ():
            family = FAMILIES.get(body[0])
            parts = attributes(body[4:])
            name = text(parts[1])
            if family is None or name not in IPTABLES_TABLES:
                continue
            policy = struct.unpack("!I", parts[5])[0] if 5 in parts else None
            found.chains.setdefault(family, {}).setdefault(name, {})[text(parts[3])] = policy
            found.handles.setdefault(family, {}).setdefault(name, {})[text(parts[3])] = []
        for _, body in ask(sock, GETRULE) if ours else ():
            family = FAMILIES.get(body[0])
            table, chain, handle, rest = rule_head(body)
            if family is None or table not in IPTABLES_TABLES:
                continue
            found.handles.setdefault(family, {}).setdefault(table, {}).setdefault(chain, []).append(handle)
            found.bodies.setdefault((family, table), []).append(body)
            tail = body[rest:]
            if COUNTER not in tail or any(name in tail for name in FOREIGN):
                found.foreign.add((family, table))
    finally:
        wait_all(list(commands.values()))
    for family, command in commands.items():
        found.save[family] = command.output
        if command.failure() is not None:
            found.problems.append({"section": "iptables", "message": command.failure()})
        found.foreign.update((family, table) for table in refused_tables(command.output))
    if found.foreign:
        found.sets = anonymous_sets(sock, found)
    listings = {}
    if want_nft:
        nft = {"ipv4": "ip", "ipv6": "ip6"}
        wanted = [(nft[family], table) for family, table in found.foreign] + found.others
        listings = {key: Command(["/usr/sbin/nft", "-j", "list", "table", *key]) for key in wanted}
        wait_all(list(listings.values()))
    for key, command in listings.items():
        found.nft[key] = command.output
        if command.failure() is not None:
            found.problems.append({"section": "nft", "message": command.failure()})
    found.torn = generation(sock) != found.generation
    return found


def read(sock, want_nft=False, attempts=3):
    """A reading of one generation, or after so many attempts a torn one. The calling thread is in the node's namespace."""
    found = None
    for _ in range(attempts):
        try:
            found = read_once(sock, want_nft)
        except InterruptedError:
            continue
        if not found.torn:
            break
    if found is None:
        raise InterruptedError("the rules changed faster than they could be read")
    return found
