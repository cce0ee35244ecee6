"""Netlink sockets in a node's network namespace, and what their messages are made of (netlink(7), linux/netlink.h)."""

import os
import socket
import struct

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12

NLM_F_REQUEST = 0x1
NLM_F_DUMP = 0x300
NLM_F_CREATE = 0x400
NLM_F_DUMP_INTR = 0x10

NLMSG_ERROR = 2
NLMSG_DONE = 3

SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
SO_RCVBUFFORCE = 33

HEADER = struct.Struct("=IHHII")
ATTRIBUTE = struct.Struct("=HH")


class Namespaces:
    """Goes into a node's network namespace and back. Only the calling thread moves; children that it starts meanwhile stay there."""

    def __init__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def run(self, path, action):
        """action() in the namespace at path; its result."""
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.setns(target, os.CLONE_NEWNET)
        finally:
            os.close(target)
        try:
            return action()
        finally:
            os.setns(self.home, os.CLONE_NEWNET)


def open_socket(protocol, groups=(), buffer=None):
    """A socket in the namespace that the thread is in. Members of `groups` get events; lost ones show as ENOBUFS."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    if buffer is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.bind((0, 0))
    for group in groups:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return sock


def messages(data):
    """(type, flags, sequence, payload) of each message in what one recv gave."""
    view = memoryview(data)
    position = 0
    while position + 16 <= len(view):
        length, kind, flags, sequence, _port = HEADER.unpack_from(view, position)
        if length < 16 or position + length > len(view):
            return
        yield kind, flags, sequence, view[position + 16 : position + length]
        position += (length + 3) & ~3


def attributes(view):
    """type -> payload of the attributes in a payload; flag bits (nested, network order) taken off, the last of a type wins."""
    found = {}
    position = 0
    end = len(view)
    while position + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(view, position)
        if length < 4:
            break
        found[kind & 0x3FFF] = view[position + 4 : position + length]
        position += (length + 3) & ~3
    return found


def request(sock, kind, payload, flags=0, sequence=[0]):
    """Sends one request and gives the payloads of its answers with their types. Raises OSError with the kernel's errno."""
    sequence[0] = (sequence[0] + 1) & 0x7FFFFFFF
    number = sequence[0]
    sock.send(HEADER.pack(16 + len(payload), kind, NLM_F_REQUEST | flags, number, 0) + payload)
    dump = flags & NLM_F_DUMP == NLM_F_DUMP
    answers = []
    while True:
        for answer, answer_flags, answered, body in messages(sock.recv(262144)):
            if answered != number:
                continue
            if answer == NLMSG_ERROR:
                error = -struct.unpack_from("=i", body)[0]
                if error:
                    raise OSError(error, os.strerror(error))
                return answers
            if answer == NLMSG_DONE:
                return answers
            if answer_flags & NLM_F_DUMP_INTR:
                raise InterruptedError("the table changed while it was read")
            answers.append((answer, bytes(body)))
            if not dump:
                return answers
