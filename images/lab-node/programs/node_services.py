"""Services of a node: `node_services.py NODE [TYPE PORT ADDRESS TEXT]...`, where ADDRESS may be empty and TEXT is empty or `=` and a text.

One process and one loop for all of them. Prints `ready` when every one listens, or why one does not; runs confined in
the node. A lab's start waits for it, so it imports what is built in or small: with socket and json in place of _socket and
posix the start takes 34 ms, so 13.
"""
import _socket as socket
import posix
import select
import sys

SO_ATTACH_FILTER = 26
LIMIT = 65536


class Listening:
    """A bound socket and what answers there."""

    def __init__(self, sock, service):
        self.sock, self.service = sock, service


def addresses(service):
    """Both families unless the lab names an address, as sshd and nginx do."""
    named = service.get("address")
    if named:
        return [(socket.AF_INET6 if ":" in named else socket.AF_INET, named)]
    return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]


def open_sockets(service):
    kind = socket.SOCK_DGRAM if service["type"] == "udp-echo" else socket.SOCK_STREAM
    for family, address in addresses(service):
        try:
            sock = socket.socket(family, kind)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, service["port"]))
        except OSError as error:
            # A node without IPv6 (disable_ipv6) still has its IPv4.
            if family == socket.AF_INET6 and not service.get("address"):
                continue
            raise SystemExit("%s on %s port %d: %s" % (service["type"], address, service["port"], error.strerror))
        if kind == socket.SOCK_STREAM:
            if service["type"] == "tcp-mute":
                refuse_silently(sock)
            sock.listen(128)
        sock.setblocking(False)
        yield Listening(sock, service)


def refuse_silently(sock):
    """A filter on the listening socket that takes no packet (socket(7), SO_ATTACH_FILTER): a SYN is dropped there, without a
    backlog that would have to be kept full by connections of our own."""
    import ctypes
    import struct

    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # ret 0
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


def quoted(text):
    """A JSON string."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c) or (c if c >= " " else "\\u%04x" % ord(c)) for c in text) + '"'


def http_answer(node, service, request, client):
    body = '{"node": %s, "port": %d, "client": %s' % (quoted(node), service["port"], quoted(client))
    if service.get("text") is not None:
        body += ', "text": ' + quoted(service["text"])
    body = (body + "}\n").encode()
    first = request.split(b"\r\n", 1)[0].split(b" ")
    lower = request.lower()
    keep = first[-1] == b"HTTP/1.1" and b"connection: close" not in lower
    head = "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n" % (
        node, len(body), "keep-alive" if keep else "close")
    return head.encode() + (b"" if first[0] == b"HEAD" else body), keep


class Connection:
    def __init__(self, sock, client, service):
        self.sock, self.client, self.service = sock, client, service
        self.incoming, self.outgoing, self.ending = b"", b"", False

    def take(self, node, data):
        if self.service["type"] == "tcp-echo":
            self.outgoing += data
            return
        self.incoming += data
        while b"\r\n\r\n" in self.incoming and not self.ending:
            request, _, rest = self.incoming.partition(b"\r\n\r\n")
            length = 0
            for line in request.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line[15:]) if line[15:].strip().isdigit() else 0
            if len(rest) < length:
                break
            self.incoming = rest[length:]
            answer, keep = http_answer(node, self.service, request, self.client)
            self.outgoing += answer
            self.ending = not keep
        if len(self.incoming) > LIMIT:
            self.ending = True


def plain(address):
    return address[7:] if address.startswith("::ffff:") else address


def serve(node, listening):
    poll = select.poll()
    listeners = {one.sock.fileno(): one for one in listening}
    connections = {}
    for fd in listeners:
        if listeners[fd].service["type"] != "tcp-mute":
            poll.register(fd, select.POLLIN)
    while True:
        for fd, events in poll.poll():
            try:
                if fd in listeners:
                    answer_listener(listeners[fd], connections, poll)
                elif fd in connections:
                    answer_connection(node, connections[fd], events, poll)
            except OSError:
                # The other side is gone, or (fewer descriptors than callers) comes again.
                pass
            connection = connections.get(fd)
            if connection and connection.ending and not connection.outgoing:
                poll.unregister(fd)
                del connections[fd]
                connection.sock.close()


def answer_listener(listener, connections, poll):
    if listener.service["type"] == "udp-echo":
        data, client = listener.sock.recvfrom(LIMIT)
        listener.sock.sendto(data, client)
        return
    fd, client = listener.sock._accept()
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    connections[sock.fileno()] = Connection(sock, plain(client[0]), listener.service)
    poll.register(sock.fileno(), select.POLLIN)


def answer_connection(node, connection, events, poll):
    try:
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            data = connection.sock.recv(LIMIT)
            if data:
                connection.take(node, data)
            else:
                connection.ending = True
        if connection.outgoing:
            sent = connection.sock.send(connection.outgoing)
            connection.outgoing = connection.outgoing[sent:]
    except BlockingIOError:
        pass
    except OSError:
        connection.ending, connection.outgoing = True, b""
        return
    # While an answer waits to go out nothing more is read, so that a caller who does not listen costs a buffer at most.
    poll.modify(connection.sock.fileno(), select.POLLOUT if connection.outgoing else select.POLLIN)


def services(words):
    while words:
        kind, port, address, text = words[:4]
        yield {"type": kind, "port": int(port), "address": address or None, "text": text[1:] if text else None}
        words = words[4:]


def main():
    node = sys.argv[1]
    listening = [one for service in services(sys.argv[2:]) for one in open_sockets(service)]
    posix.setsid()
    posix.write(1, b"ready\n")
    null = posix.open("/dev/null", posix.O_RDWR)
    for fd in (0, 1, 2):
        posix.dup2(null, fd)
    posix.close(null)
    serve(node, listening)


main()
