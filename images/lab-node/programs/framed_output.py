"""What a streaming program of the outer container says and hears: frames on stdout (a letter, a length of 4 bytes, big-endian, as many
bytes), one JSON object a line on stdin. Neither ever waits: who does not read leaves frames here, and the end of stdin is seen all the same."""

import json
import os
import struct


class Frames:
    def __init__(self):
        os.set_blocking(1, False)
        self.waiting = bytearray()

    def say(self, letter, body):
        self.waiting += struct.pack("!cI", letter, len(body)) + body
        self.send()

    def say_json(self, letter, value):
        self.say(letter, json.dumps(value, separators=(",", ":")).encode())

    def send(self):
        """Writes what goes at once; False where nobody reads any more."""
        try:
            while self.waiting:
                del self.waiting[: os.write(1, memoryview(self.waiting)[:65536])]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            return False
        return True


class Commands:
    def __init__(self):
        self.unfinished = b""

    def read(self):
        """What came since; None at the end of stdin."""
        data = os.read(0, 1 << 16)
        if not data:
            return None
        *lines, self.unfinished = (self.unfinished + data).split(b"\n")
        return [json.loads(line) for line in lines]
