"""A host that is there for one probe alone: frames put on a link beside a node, as a machine plugged on that link would send them.

No interface, address or route is made. Frames carry a hardware address of their own, so the node whose interface they go through takes
no part: what comes back is for somebody else, and its kernel drops it before netfilter. ARP is answered from here.
"""

import fcntl
import select
import socket
import struct

from probe_packets import ETH_P_ALL, ETH_P_IP, ICMP, TCP, UDP, checksum, parse_packet

SIOCGIFHWADDR = 0x8927
ETH_P_ARP = 0x0806
SYN, RST, ACK = 0x02, 0x04, 0x10
PORT_UNREACHABLE = 3


class OutsideSender:
    def __init__(self, request, marker, enter):
        outside = request["from"]["outside"]
        self.request = request
        self.marker = marker
        self.protocol = "tcp" if request["protocol"] == "http" else request["protocol"]
        self.address = outside["address"]
        self.port = request.get("sourcePort") or 20000 + marker.identifier % 20000
        # The same for every probe from this address: the gateway's neighbour cache outlives one.
        self.mac = b"\x02\x68" + socket.inet_aton(self.address)
        enter(outside["gateway"]["node"])
        self.gateway = hardware_address(outside["gateway"]["interface"])
        enter(outside["injector"]["node"])
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((outside["injector"]["interface"], ETH_P_ALL))
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def events(self):
        return select.POLLIN

    def send(self):
        if self.protocol == "tcp":
            self.send_ip(TCP, self.segment(self.marker.sequence, 0, SYN))
        elif self.protocol == "udp":
            self.send_ip(UDP, self.datagram(self.marker.payload))
        else:
            self.send_ip(ICMP, self.marker.echo_request(False))
        return None

    def receive(self):
        """Reads all that has come: answers ARP, and says what a packet for this host means."""
        while True:
            try:
                frame = self.socket.recv(65535)
            except BlockingIOError:
                return None
            if len(frame) < 34 or frame[6:12] == self.mac:
                continue
            kind = struct.unpack("!H", frame[12:14])[0]
            if kind == ETH_P_ARP:
                self.answer_arp(frame)
            elif kind == ETH_P_IP and frame[0:6] == self.mac:
                packet = parse_packet(frame[14:], ETH_P_IP)
                outcome = self.outcome_of(packet) if packet and packet["destination"] == self.address else None
                if outcome is not None:
                    return outcome

    def outcome_of(self, packet):
        body = packet["body"]
        if packet["protocol"] == ICMP and len(body) >= 8:
            if body[0] == 0 and self.marker.payload in body:
                return ("answered", "echo reply")
            if body[0] == 3:
                refused = body[1] == PORT_UNREACHABLE and self.protocol != "icmp"
                reply = "ICMP destination unreachable, code %d, from %s" % (body[1], packet["source"])
                return ("refused" if refused else "unreachable", reply)
            return None
        if packet["destinationPort"] != self.port:
            return None
        if packet["protocol"] == UDP and self.protocol == "udp":
            return ("answered", "%d bytes came back" % (len(body) - 8))
        if packet["protocol"] == TCP and self.protocol == "tcp" and len(body) >= 20:
            sequence, acknowledged, _, flags = struct.unpack("!IIBB", body[4:14])
            if flags & RST:
                return ("refused", "TCP reset from %s" % packet["source"])
            if flags & SYN and flags & ACK:
                # Ends the half-open connection at once, as a host without such a program would.
                self.send_ip(TCP, self.segment(acknowledged, 0, RST))
                return ("answered", "the connection was opened")
        return None

    def answer_arp(self, frame):
        arp = frame[14:42]
        if len(arp) < 28 or struct.unpack("!H", arp[6:8])[0] != 1 or arp[24:28] != socket.inet_aton(self.address):
            return
        body = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 2) + self.mac + arp[24:28] + arp[8:18]
        self.socket.send(arp[8:14] + self.mac + struct.pack("!H", ETH_P_ARP) + body)

    def segment(self, sequence, acknowledged, flags):
        options = struct.pack("!BBH", 2, 4, 1460) if flags & SYN else b""
        offset = (20 + len(options)) // 4 << 4
        header = struct.pack(
            "!HHIIBBHHH", self.port, self.request["port"], sequence, acknowledged, offset, flags, 64240, 0, 0
        )
        return self.with_checksum(TCP, header + options, 16)

    def datagram(self, payload):
        header = struct.pack("!HHHH", self.port, self.request["port"], 8 + len(payload), 0)
        return self.with_checksum(UDP, header + payload, 6)

    def with_checksum(self, protocol, body, at):
        pseudo = socket.inet_aton(self.address) + socket.inet_aton(self.request["to"])
        pseudo += struct.pack("!BBH", 0, protocol, len(body))
        total = checksum(pseudo + body) or 0xFFFF
        return body[:at] + struct.pack("!H", total) + body[at + 2 :]

    def send_ip(self, protocol, body):
        addresses = socket.inet_aton(self.address) + socket.inet_aton(self.request["to"])
        start = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(body), self.marker.identifier, 0x4000, 64, protocol)
        header = start + struct.pack("!H", checksum(start + b"\0\0" + addresses)) + addresses
        self.socket.send(self.gateway + self.mac + struct.pack("!H", ETH_P_IP) + header + body)

    def close(self):
        self.socket.close()


def hardware_address(interface):
    """Of an interface in this thread's namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("256s", interface.encode()[:15])
        return fcntl.ioctl(asked.fileno(), SIOCGIFHWADDR, request)[18:24]
