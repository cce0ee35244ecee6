"""What a probe's packets look like, and watching for them: they are known by a number of their own, which no NAT changes."""

import os
import socket
import struct

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD
# linux/if_packet.h: sll_pkttype
PACKET_HOST = 0

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
SYN = 0x02
ACK = 0x10


class Marker:
    """Knows the packets of one attempt: TCP by the first sequence number, the others by their payload."""

    def __init__(self, request):
        self.protocol = request["protocol"]
        nonce = os.urandom(8)
        self.sequence = struct.unpack("!I", nonce[:4])[0] | 1
        self.identifier = request.get("identifier") or struct.unpack("!H", nonce[4:6])[0]
        self.payload = b"hookpoint-probe " + nonce.hex().encode()

    def signed_sequence(self):
        """As setsockopt takes an int."""
        return struct.unpack("=i", struct.pack("=I", self.sequence))[0]

    def echo_request(self, six):
        """The kernel fills in ICMPv6's checksum itself."""
        kind = 128 if six else 8
        body = struct.pack("!HH", self.identifier, 1) + self.payload
        total = 0 if six else checksum(struct.pack("!BBH", kind, 0, 0) + body)
        return struct.pack("!BBH", kind, 0, total) + body

    def is_echo_reply(self, data, six):
        """A raw IPv4 socket gives the IP header too."""
        body = data if six else data[(data[0] & 15) * 4 :]
        return len(body) >= 8 and body[0] == (129 if six else 0) and self.payload in body

    def is_ours(self, packet):
        if self.protocol in ("tcp", "http"):
            if packet["protocol"] != TCP or len(packet["body"]) < 20:
                return False
            sequence, _, _, flags = struct.unpack("!IIBB", packet["body"][4:14])
            return flags & (SYN | ACK) == SYN and sequence == self.sequence
        wanted = (UDP,) if self.protocol == "udp" else (ICMP, ICMPV6)
        if packet["protocol"] not in wanted or self.payload not in packet["body"]:
            return False
        # The far end's own echo reply and an ICMP error carry the payload as well.
        return self.protocol == "udp" or packet["body"][0] in (8, 128)


class Watcher:
    """A packet socket on all interfaces of the namespace that it was made in: it sees packets before netfilter does."""

    def __init__(self, node):
        self.node = node
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def drain(self, marker):
        """The attempt's packets that came in since the last call."""
        found = []
        while True:
            try:
                data, address = self.socket.recvfrom(65535)
            except BlockingIOError:
                return found
            interface, protocol, kind = address[:3]
            packet = parse_packet(data, protocol) if kind == PACKET_HOST else None
            if packet is not None and marker.is_ours(packet):
                found.append(
                    {
                        "node": self.node,
                        "interface": interface,
                        "source": packet["source"],
                        "destination": packet["destination"],
                        "sourcePort": packet["sourcePort"],
                        "destinationPort": packet["destinationPort"],
                    }
                )


def parse_packet(data, protocol):
    """An IP packet's addresses, ports and body; None for anything else."""
    if protocol == ETH_P_IP and len(data) >= 20:
        header = (data[0] & 15) * 4
        inner = data[9]
        source, destination = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
        length = struct.unpack("!H", data[2:4])[0]
        body = data[header : max(header, length)]
    elif protocol == ETH_P_IPV6 and len(data) >= 40:
        inner = data[6]
        source = socket.inet_ntop(socket.AF_INET6, data[8:24])
        destination = socket.inet_ntop(socket.AF_INET6, data[24:40])
        body = data[40:]
    else:
        return None
    ports = struct.unpack("!HH", body[:4]) if inner in (TCP, UDP) and len(body) >= 8 else (None, None)
    return {
        "protocol": inner,
        "source": source,
        "destination": destination,
        "sourcePort": ports[0],
        "destinationPort": ports[1],
        "body": body,
    }


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
