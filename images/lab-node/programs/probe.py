"""One probe of the grader: real packets from one namespace, watched for at the far end.

Runs in the outer container: python3 -I -S -B probe.py REQUEST. REQUEST is JSON:
  from       {"node": NAME}, or {"outside": {"address", "injector": {"node", "interface"}, "gateway": {"node", "interface"}}}
  to, protocol (tcp, udp, icmp, http), port, sourcePort (or null), timeout (seconds)
  watch      names of nodes at which the packet may come in
  untilSeen  true: it is over once every watched node has seen it
It prints {"outcome", "reply", "elapsedMs", "seen": [...]}, or {"failure": CAUSE} when it could not be tried. It changes no state of a
node: an outside host is frames put on the wire beside a node, not an interface. Everything ends with the process.
"""

import errno
import json
import os
import select
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from probe_outside import OutsideSender
from probe_packets import Marker, Watcher

IP_RECVERR = 11
IPV6_RECVERR = 25
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
TCP_SEND_QUEUE = 2
# Turns repair off without the window probe that TCP_REPAIR 0 sends (linux/tcp.h).
TCP_REPAIR_OFF_NO_WP = -1

REFUSED = "refused"
UNREACHABLE = "unreachable"


def enter(node):
    """This thread's sockets are from now on made in the node's network namespace."""
    with open("/run/netns/" + node, "rb") as namespace:
        os.setns(namespace.fileno(), os.CLONE_NEWNET)


class NodeSender:
    """A program on a node: a socket as any other, whose packets can be told from others by the marker."""

    def __init__(self, request, marker):
        self.request = request
        self.marker = marker
        self.protocol = request["protocol"]
        self.six = ":" in request["to"]
        self.connected = False
        enter(request["from"]["node"])
        family = socket.AF_INET6 if self.six else socket.AF_INET
        if self.protocol in ("tcp", "http"):
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, marker.signed_sequence())
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)
        elif self.protocol == "udp":
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
            self.report_errors()
        else:
            proto = socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP
            self.socket = socket.socket(family, socket.SOCK_RAW, proto)
            self.report_errors()
        self.socket.setblocking(False)

    def report_errors(self):
        """Without it a datagram socket hears of ICMP's port unreachable alone."""
        if self.six:
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    def fileno(self):
        return self.socket.fileno()

    def events(self):
        waits_to_connect = self.protocol in ("tcp", "http") and not self.connected
        return select.POLLOUT if waits_to_connect else select.POLLIN

    def send(self):
        """Sends the packet; an outcome if it is known at once."""
        port = self.request.get("port") or 0
        try:
            if self.request.get("sourcePort"):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.socket.bind(("::" if self.six else "0.0.0.0", self.request["sourcePort"]))
            failed = self.socket.connect_ex((self.request["to"], port))
            if failed not in (0, errno.EINPROGRESS):
                return self.outcome_of(failed)
            if self.protocol == "udp":
                self.socket.send(self.marker.payload)
            elif self.protocol == "icmp":
                self.socket.send(self.marker.echo_request(self.six))
        except OSError as error:
            return self.outcome_of(error.errno)
        return None

    def receive(self):
        """What the socket says now; None while it says nothing."""
        try:
            if self.protocol in ("tcp", "http") and not self.connected:
                failed = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if failed:
                    return self.outcome_of(failed)
                self.socket.getpeername()
                self.connected = True
                if self.protocol == "tcp":
                    return ("answered", "the connection was opened")
                host = "[%s]" % self.request["to"] if self.six else self.request["to"]
                self.socket.send(b"GET / HTTP/1.0\r\nHost: " + host.encode() + b"\r\nUser-Agent: hookpoint\r\n\r\n")
                return None
            data = self.socket.recv(65535)
        except BlockingIOError:
            return None
        except OSError as error:
            return None if error.errno == errno.ENOTCONN else self.outcome_of(error.errno)
        if self.protocol == "http":
            if not data:
                return ("timeout", "the server closed the connection without an answer")
            return ("answered", data.split(b"\r\n")[0][:80].decode("ascii", "replace"))
        if self.protocol == "udp":
            return ("answered", "%d bytes came back" % len(data))
        return ("answered", "echo reply") if self.marker.is_echo_reply(data, self.six) else None

    def outcome_of(self, number):
        if number == errno.ECONNREFUSED and self.protocol != "icmp":
            return (REFUSED, "connection refused")
        if number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOPROTOOPT, errno.EPROTO):
            return (UNREACHABLE, os.strerror(number).lower())
        if number == errno.ECONNRESET:
            return (REFUSED, "connection reset")
        if number in (errno.EPERM, errno.EACCES):
            return ("timeout", "the sender's own rules drop it")
        if number == errno.EADDRNOTAVAIL:
            return (UNREACHABLE, "the sender has no address to send from")
        raise OSError(number, os.strerror(number))

    def close(self):
        self.socket.close()


def attempt(request):
    marker = Marker(request)
    watchers = []
    for node in request["watch"]:
        enter(node)
        watchers.append(Watcher(node))
    outside = "outside" in request["from"]
    sender = OutsideSender(request, marker, enter) if outside else NodeSender(request, marker)
    began = time.monotonic()
    deadline = began + request["timeout"]
    outcome = sender.send()
    seen = []
    poll = select.poll()
    for watcher in watchers:
        poll.register(watcher, select.POLLIN)
    while outcome is None and not (request["untilSeen"] and everybody(request["watch"], seen)):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        poll.register(sender, sender.events())
        ready = {number for number, _ in poll.poll(left * 1000)}
        collect(watchers, marker, seen)
        if sender.fileno() in ready:
            outcome = sender.receive()
    elapsed = time.monotonic() - began
    collect(watchers, marker, seen)
    sender.close()
    kind, reply = outcome or ("timeout", "")
    return {"outcome": kind, "reply": reply, "elapsedMs": round(elapsed * 1000, 1), "seen": seen}


def collect(watchers, marker, seen):
    for watcher in watchers:
        for sighting in watcher.drain(marker):
            if sighting not in seen:
                seen.append(sighting)


def everybody(watched, seen):
    return bool(watched) and all(any(one["node"] == node for one in seen) for node in watched)


def main():
    request = json.loads(sys.argv[1])
    try:
        result = attempt(request)
    except OSError as error:
        result = {"failure": "%s (%s)" % (error.strerror or error, error.filename or request["protocol"])}
    json.dump(result, sys.stdout)
    print()


if __name__ == "__main__":
    main()
