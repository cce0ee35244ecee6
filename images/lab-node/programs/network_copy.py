"""What a node's network is besides its nf_tables rules, as it is read for a checkpoint and put back: ipsets, rules of iptables-legacy,
sysctls, links, addresses, routes and policy rules. Everything runs in the node's network namespace with this image's programs."""

import json
import os
import re
import struct
import subprocess

import netlink
import node_state
from commands import Command, wait_all

LEGACY = {"ipv4": "iptables-legacy", "ipv6": "ip6tables-legacy"}
BUILTIN = {"raw": "PREROUTING OUTPUT", "mangle": "PREROUTING INPUT FORWARD OUTPUT POSTROUTING", "nat": "PREROUTING INPUT OUTPUT POSTROUTING",
           "filter": "INPUT FORWARD OUTPUT", "security": "INPUT FORWARD OUTPUT"}
# Of links that a learner can make, those whose JSON tells all that is needed to make them again.
MADE_AGAIN = ("dummy", "bridge", "vlan")
SYSCTL_ROOT = "/proc/sys/net"
# What is drawn anew in each namespace, a command rather than a value, or a second spelling of another.
NO_VALUES = re.compile(r"stable_secret$|/flush$|tcp_fastopen_key$|/retrans_time$|/base_reachable_time$|nf_conntrack_count$")
# Words of `ip route show` that tell the moment rather than the route.
MOMENTARY = re.compile(r" (?:linkdown|dead|offload|trap|rt_offload|rt_trap|rt_offload_failed|cache|pervasive)\b| expires \S+| error -?\d+| nhid \d+")


# reading -----------------------------------------------------------------------------------------------------------------------


def read(node, sock):
    """(state as JSON can hold it, what of it is not kept)."""
    ip = node_state.ip_program()
    commands = {"links": Command([ip, "-j", "-d", "address", "show"])} | route_commands(ip)
    for family in node_state.legacy_tables():
        commands["legacy-" + family] = Command(["/usr/sbin/%s-save" % LEGACY[family], "-c"])
    names = node_state.ipset_names(sock)
    if names:
        commands["ipset"] = Command(["/usr/sbin/ipset", "save"])
    state = {"sysctls": read_sysctls()}
    wait_all(list(commands.values()))
    for name, command in commands.items():
        if command.failure() is not None:
            raise OSError("%s: %s" % (name, command.failure()))
    links = json.loads(commands["links"].output or "[]")
    state["links"] = [link_state(link) for link in links if link]
    for key in ("routes4", "routes6", "rules4", "rules6"):
        state[key] = route_lines(key, commands[key].output)
    for key in ("legacy-ipv4", "legacy-ipv6", "ipset"):
        if key in commands:
            state[key] = commands[key].output
    state["sets"] = {name: number for name in names for number in [set_number(sock, name)] if number is not None}
    left = ["the interface %s (%s)" % (one["name"], one["kind"]) for one in state["links"] if not can_return(one)]
    return state, left


def route_commands(ip):
    commands = {}
    for number in ("4", "6"):
        commands["routes" + number] = Command([ip, "-o", "-" + number, "route", "show", "table", "all"])
        commands["rules" + number] = Command([ip, "-o", "-" + number, "rule", "show"])
    return commands


def route_lines(key, text):
    """Lines that `ip route add` and `ip rule add` take; without what the kernel keeps by itself for each address."""
    lines = []
    for line in text.replace("\\", " ").splitlines():
        if key.startswith("rules"):
            priority, _, rest = line.partition(":")
            lines.append("pref %s %s" % (priority, " ".join(rest.replace("[detached]", "").split())))
        elif not (" table local" in line and " proto kernel" in line) and " proto ra" not in line:
            lines.append(" ".join(MOMENTARY.sub("", " " + line).split()))
    return lines


def link_state(link):
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    return {
        "name": link["ifname"], "kind": info.get("info_kind", "loopback" if link.get("link_type") == "loopback" else ""),
        "up": "UP" in link.get("flags", ()), "mtu": link.get("mtu"), "mac": link.get("address"), "master": link.get("master"),
        "parent": link.get("link"), "id": data.get("id"), "stp": data.get("stp_state"), "filtering": data.get("vlan_filtering"),
        "addresses": [address_words(one) for one in link.get("addr_info", ()) if not one.get("dynamic")],
    }


def address_words(one):
    words = ["%s/%d" % (one["local"], one["prefixlen"])]
    if "address" in one:
        words = [one["local"], "peer", "%s/%d" % (one["address"], one["prefixlen"])]
    for key in ("broadcast", "label"):
        if key in one and one["family"] == "inet":
            words += [key, one[key]]
    words += ["scope", str(one.get("scope", "global"))]
    if one.get("noprefixroute"):
        words.append("noprefixroute")
    return " ".join([*words, *(["nodad"] if one["family"] == "inet6" else [])])


def can_return(link):
    return link["kind"] in ("loopback", "veth", *MADE_AGAIN)


def sysctl_paths():
    for folder, _, files in os.walk(SYSCTL_ROOT):
        for file in files:
            path = os.path.join(folder, file)
            if not NO_VALUES.search(path) and os.stat(path).st_mode & 0o200:
                yield path


def sysctl(path):
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(65536).decode("latin-1").strip()
    except OSError:
        return None


def read_sysctls():
    return {path[len(SYSCTL_ROOT) + 1 :]: value for path in sysctl_paths() for value in [sysctl(path)] if value is not None}


def set_number(sock, name):
    """The number by which rules name an ipset (IPSET_CMD_GET_BYNAME)."""
    text = name.encode() + b"\0"
    body = struct.pack("=BBH", 2, 0, 0) + struct.pack("=HHB3x", 5, 1, 7) + struct.pack("=HH", len(text) + 4, 2) + text + b"\0" * (-len(text) % 4)
    try:
        for _, answer in netlink.request(sock, node_state.IPSET_SUBSYSTEM << 8 | 14, body, 0x4):
            found = netlink.attributes(answer[4:])
            if 11 in found:
                return struct.unpack("!H", found[11])[0]
    except OSError:
        pass  # it went away meanwhile: no rule names it
    return None


# putting back ------------------------------------------------------------------------------------------------------------------


class Loading:
    """Puts a state back and collects what could not be."""

    def __init__(self):
        self.problems = []
        self.failures = []

    def run(self, argv, stdin="", fatal=False):
        done = subprocess.run(argv, input=stdin.encode("utf-8", "surrogateescape"), capture_output=True, timeout=60)
        if done.returncode == 0:
            return True
        text = done.stderr.decode("utf-8", "replace").strip()[-500:] or "status %d" % done.returncode
        (self.failures if fatal else self.problems).append("%s: %s" % (os.path.basename(argv[0]), text))
        return False

    def quiet(self, argv):
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0


def load_network(state, loading):
    """Links, addresses, sysctls, routes and policy rules, in a namespace that stands as the lab makes it."""
    ip = node_state.ip_program()
    load_links(ip, state["links"], loading)
    write_sysctls(state["sysctls"])
    for link in state["links"]:
        load_addresses(ip, link, loading)
    # Some of an interface's are set when it comes up, or by net.ipv4.ip_forward.
    for name in write_sysctls(state["sysctls"]):
        loading.problems.append("the sysctl net.%s" % name.replace("/", "."))
    load_routes(ip, state, loading)


def load_links(ip, saved, loading):
    now = {link["name"]: link for link in read_links(ip)}
    wanted = {link["name"] for link in saved}
    by_mac = {link["mac"]: name for name, link in now.items() if link["kind"] == "veth" and name not in wanted}
    for link in saved:
        name = link["name"]
        if name in now or not can_return(link):
            continue
        old = by_mac.get(link["mac"]) if link["kind"] == "veth" else None
        if old is not None:
            loading.run([ip, "link", "set", "dev", old, "down"])
            loading.run([ip, "link", "set", "dev", old, "name", name])
            now[name] = now.pop(old)
        elif link["kind"] in MADE_AGAIN:
            loading.run([ip, "link", "add", *(["link", link["parent"]] if link["kind"] == "vlan" else []), "name", name, "type", link["kind"],
                         *(["id", str(link["id"])] if link["kind"] == "vlan" else [])])
            if link["kind"] == "bridge":
                loading.quiet([ip, "link", "set", "dev", name, "type", "bridge", "stp_state", str(link["stp"] or 0), "vlan_filtering", str(link["filtering"] or 0)])
        else:
            loading.problems.append("the interface %s" % name)
    for name, link in now.items():
        if name not in wanted and link["kind"] == "veth":
            loading.run([ip, "link", "delete", "dev", name])
    for link in saved:
        if not can_return(link):
            continue
        have = now.get(link["name"], {})
        changes = ["mtu", str(link["mtu"])] if have.get("mtu") != link["mtu"] else []
        if link["kind"] != "loopback" and have.get("mac") != link["mac"]:
            changes += ["address", link["mac"]]
        if link["master"] is not None and have.get("master") != link["master"]:
            changes += ["master", link["master"]]
        if have.get("up") != link["up"]:
            changes.append("up" if link["up"] else "down")
        if changes:
            loading.run([ip, "link", "set", "dev", link["name"], *changes])


def read_links(ip):
    command = Command([ip, "-j", "-d", "address", "show"])
    wait_all([command])
    return [link_state(link) for link in json.loads(command.output or "[]") if link]


def load_addresses(ip, link, loading):
    if not can_return(link):
        return
    now = next((one["addresses"] for one in read_links(ip) if one["name"] == link["name"]), None)
    if now is None or now == link["addresses"]:
        return
    # All of them again, in their order: the first of a network is the one that packets leave with.
    loading.run([ip, "address", "flush", "dev", link["name"]])
    for words in link["addresses"]:
        loading.run([ip, "address", "add", *words.split(), "dev", link["name"]])


def write_sysctls(wanted):
    """Those that still differ. The general before the particular: net.ipv4.ip_forward writes to every interface."""
    order = sorted(wanted, key=lambda name: (0 if name == "ipv4/ip_forward" else 1 if "/conf/all/" in name else 2 if "/conf/default/" in name else 3, name))
    for _ in range(2):
        left = [name for name in order if sysctl("%s/%s" % (SYSCTL_ROOT, name)) not in (None, wanted[name])]
        for name in left:
            try:
                with open("%s/%s" % (SYSCTL_ROOT, name), "wb", buffering=0) as file:
                    file.write(wanted[name].encode("latin-1") + b"\n")
            except OSError:
                continue
    return [name for name in left if sysctl("%s/%s" % (SYSCTL_ROOT, name)) not in (None, wanted[name])] if left else []


def load_routes(ip, state, loading):
    commands = route_commands(ip)
    wait_all(list(commands.values()))
    for key in ("routes4", "routes6", "rules4", "rules6"):
        family, what = "-" + key[-1], key[:-1].removesuffix("s")
        now = route_lines(key, commands[key].output)
        for line in now:
            if line not in state[key]:
                loading.quiet([ip, family, what, "delete", *line.split()])
        missing = [line for line in state[key] if line not in now]
        # A gateway must be reachable by a route that may itself be among them.
        while missing:
            left = [line for line in missing if not loading.quiet([ip, family, what, "add", *line.split()])]
            if len(left) == len(missing):
                break
            missing = left
        loading.problems += ["the %s %s" % ("route" if what == "route" else "policy rule", line) for line in missing if " proto kernel" not in line]


def load_sets(state, sock, loading):
    """Saved number -> today's, for the rules that name sets. Sets that are there get what they lack and lose what they have beyond it."""
    text = state.get("ipset", "")
    if text:
        have = set(node_state.ipset_names(sock))
        flushed = [line for name in state["sets"] if name in have for line in ["flush %s" % name]]
        loading.run(["/usr/sbin/ipset", "restore", "-exist"], "\n".join([*flushed, text, ""]), fatal=True)
    found = {number: set_number(sock, name) for name, number in state.get("sets", {}).items()}
    return {old: new for old, new in found.items() if new is not None}


def load_legacy(state, loading):
    for family, program in LEGACY.items():
        text = state.get("legacy-" + family, "")
        named = set(re.findall(r"^\*(\S+)", text, re.M))
        for table in node_state.legacy_tables().get(family, ()):
            if table not in named and table in BUILTIN:
                chains = ["%s" % (":%s ACCEPT [0:0]" % chain) for chain in BUILTIN[table].split()]
                text += "\n".join(["*" + table, *chains, "COMMIT", ""])
        if text.strip():
            loading.run(["/usr/sbin/%s-restore" % program, "-c"], text, fatal=True)
