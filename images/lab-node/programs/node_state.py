"""What there is to read of a node besides its nf_tables rules, each by the cheapest way that is complete."""

import os
import socket
import struct

import conntrack_netlink
from commands import Command
from netlink import NLM_F_DUMP, attributes, request

CONF = "/proc/sys/net"
IPV4_CONF = ("accept_local", "accept_redirects", "accept_source_route", "arp_announce", "arp_filter", "arp_ignore", "forwarding",
             "log_martians", "proxy_arp", "route_localnet", "rp_filter", "secure_redirects", "send_redirects", "src_valid_mark")
IPV6_CONF = ("accept_ra", "accept_redirects", "accept_source_route", "autoconf", "disable_ipv6", "forwarding", "proxy_ndp")
SINGLE = (
    "bridge/bridge-nf-call-ip6tables", "bridge/bridge-nf-call-iptables", "core/somaxconn",
    "ipv4/fwmark_reflect", "ipv4/icmp_echo_ignore_all", "ipv4/icmp_echo_ignore_broadcasts", "ipv4/icmp_ratelimit", "ipv4/icmp_ratemask",
    "ipv4/ip_default_ttl", "ipv4/ip_forward", "ipv4/ip_local_port_range", "ipv4/ip_no_pmtu_disc", "ipv4/ip_nonlocal_bind",
    "ipv4/ip_unprivileged_port_start", "ipv4/ping_group_range", "ipv4/tcp_fwmark_accept", "ipv4/tcp_mtu_probing", "ipv4/tcp_syncookies",
    "ipv4/tcp_timestamps", "ipv6/bindv6only", "ipv6/icmp/echo_ignore_all",
    "netfilter/nf_conntrack_acct", "netfilter/nf_conntrack_buckets", "netfilter/nf_conntrack_generic_timeout",
    "netfilter/nf_conntrack_icmp_timeout", "netfilter/nf_conntrack_icmpv6_timeout", "netfilter/nf_conntrack_log_invalid",
    "netfilter/nf_conntrack_max", "netfilter/nf_conntrack_tcp_be_liberal", "netfilter/nf_conntrack_tcp_loose",
    "netfilter/nf_conntrack_tcp_timeout_close", "netfilter/nf_conntrack_tcp_timeout_close_wait",
    "netfilter/nf_conntrack_tcp_timeout_established", "netfilter/nf_conntrack_tcp_timeout_fin_wait",
    "netfilter/nf_conntrack_tcp_timeout_last_ack", "netfilter/nf_conntrack_tcp_timeout_syn_recv",
    "netfilter/nf_conntrack_tcp_timeout_syn_sent", "netfilter/nf_conntrack_tcp_timeout_time_wait",
    "netfilter/nf_conntrack_udp_timeout", "netfilter/nf_conntrack_udp_timeout_stream",
)


def sysctl_paths():
    """Path -> name as sysctl(8) prints it, in the namespace of the calling thread. A dot in an interface's name becomes a slash there."""
    paths = {"%s/%s" % (CONF, name): "net." + name.replace("/", ".") for name in SINGLE}
    for family, names in (("ipv4", IPV4_CONF), ("ipv6", IPV6_CONF)):
        try:
            interfaces = os.listdir("%s/%s/conf" % (CONF, family))
        except FileNotFoundError:
            continue
        for interface in interfaces:
            for name in names:
                paths["%s/%s/conf/%s/%s" % (CONF, family, interface, name)] = "net.%s.conf.%s.%s" % (family, interface.replace(".", "/"), name)
    return paths


def read_sysctls():
    values = {}
    for path, name in sysctl_paths().items():
        try:
            with open(path, "rb", buffering=0) as file:
                values[name] = file.read(4096).decode("ascii", "replace").strip()
        except OSError:
            continue  # what this kernel does not have is not in the snapshot
    return values


class Sysctls:
    """The same read again and again: the files stay open, so that a beat costs one pread each and no change of namespace."""

    def __init__(self):
        self.files = {}
        self.open()

    def open(self):
        """Opens what is new; to be called in the node's namespace, again when its interfaces have changed."""
        for path, name in sysctl_paths().items():
            if name in self.files:
                continue
            try:
                self.files[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue

    def read(self):
        values = {}
        for name, file in list(self.files.items()):
            try:
                values[name] = os.pread(file, 4096, 0).decode("ascii", "replace").strip()
            except OSError:  # its interface is gone
                os.close(file)
                del self.files[name]
        return values

    def close(self):
        for file in self.files.values():
            os.close(file)
        self.files = {}


NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
LISTEN, UNCONNECTED = 10, 7


def read_listeners(sock):
    """Sockets that wait for somebody, by sock_diag(7): only the listening hash is walked, where /proc/net/tcp walks every connection's."""
    found = set()
    for protocol, number, state in (("tcp", 6, LISTEN), ("udp", 17, UNCONNECTED)):
        for family in (socket.AF_INET, socket.AF_INET6):
            query = struct.pack("=BBBBI48x", family, number, 0, 0, 1 << state)
            for _, body in request(sock, SOCK_DIAG_BY_FAMILY, query, NLM_F_DUMP):
                source_port = struct.unpack_from("!H", body, 4)[0]
                size = 4 if body[0] == socket.AF_INET else 16
                found.add((protocol, socket.inet_ntop(body[0], body[8 : 8 + size]), source_port))
    return [{"protocol": protocol, "address": address, "port": port} for protocol, address, port in sorted(found)]


CONNTRACK = "/proc/self/net/nf_conntrack"


def read_conntrack(sock, limit=4096):
    """The table as /proc prints it (a netlink dump walks 262,144 buckets under locks: 13 ms against 0.5); where there is no such file, by
    netlink. (text, entries, whether there are more than `limit`); one of the first two is None."""
    try:
        with open("/proc/sys/net/netfilter/nf_conntrack_count") as file:
            if file.read().strip() == "0":
                return "", None, False
    except FileNotFoundError:
        return "", None, False
    try:
        with open(CONNTRACK) as file:
            lines = file.readlines(limit * 256)
    except FileNotFoundError:
        entries, more = conntrack_netlink.dump(sock, limit)
        return None, entries, more
    return "".join(lines[:limit]), None, len(lines) > limit


def legacy_tables():
    """Family -> names of the x_tables tables that are loaded in the namespace. Reading the list loads none."""
    found = {}
    for family, path in (("ipv4", "ip_tables_names"), ("ipv6", "ip6_tables_names")):
        try:
            with open("/proc/self/net/" + path) as file:
                names = file.read().split()
        except FileNotFoundError:
            continue
        if names:
            found[family] = names
    return found


def legacy_commands(tables):
    program = {"ipv4": "/usr/sbin/iptables-legacy-save", "ipv6": "/usr/sbin/ip6tables-legacy-save"}
    return {family: Command([program[family], "-c"]) for family in tables}


IPSET_SUBSYSTEM, IPSET_LIST = 6, 7
IPSET_PROTOCOL = 6


def ipset_names(sock):
    """Names of the sets, by netlink: no process where there is none (linux/netfilter/ipset/ip_set.h)."""
    protocol = struct.pack("=HHB3x", 5, 1, IPSET_PROTOCOL)
    flags = struct.pack("=HHI", 8, 6 | 0x4000, struct.unpack("=I", struct.pack("!I", 2))[0])  # IPSET_FLAG_LIST_SETNAME
    answers = request(sock, IPSET_SUBSYSTEM << 8 | IPSET_LIST, struct.pack("=BBH", 2, 0, 0) + protocol + flags, 0x300)
    names = []
    for kind, body in answers:
        if kind >> 8 != IPSET_SUBSYSTEM:
            continue
        found = attributes(body[4:])
        if 2 in found:
            names.append(bytes(found[2]).split(b"\0")[0].decode("utf-8", "replace"))
    return names


def ip_program():
    return "/usr/sbin/ip" if os.path.exists("/usr/sbin/ip") else "/sbin/ip"


def address_command():
    """Links with addresses; text as iproute2's JSON."""
    return Command([ip_program(), "-j", "address", "show"])


def address_commands():
    """Links with addresses, routes and policy rules of both families; text as iproute2's JSON."""
    ip = ip_program()
    return {
        "addresses": address_command(),
        "routes4": Command([ip, "-j", "-4", "route", "show", "table", "all"]),
        "routes6": Command([ip, "-j", "-6", "route", "show", "table", "all"]),
        "rules4": Command([ip, "-j", "-4", "rule", "show"]),
        "rules6": Command([ip, "-j", "-6", "rule", "show"]),
    }
