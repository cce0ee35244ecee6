"""Lines that netfilter's LOG target wrote to the kernel log, followed from now on by sequence number.

A line written into /dev/kmsg by a process has another facility than the kernel's: devkmsg_write (kernel/printk/printk.c) allows no
facility 0. `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT` is the format (Documentation/ABI/testing/dev-kmsg).
"""

import errno
import os


class KernelLog:
    def __init__(self):
        self.file = None
        self.error = None
        try:
            self.file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self.file, 0, os.SEEK_END)
        except OSError as error:
            self.error = "/dev/kmsg: %s" % error.strerror

    def read(self):
        """(lines, whether lines were lost): each line as (sequence, text)."""
        lines = []
        lost = False
        while len(lines) < 1000:
            try:
                data = os.read(self.file, 8192)
            except OSError as error:
                if error.errno == errno.EPIPE:
                    lost = True
                    continue
                break
            line = parse(data)
            if line is not None:
                lines.append(line)
        return lines, lost


def parse(data):
    """(sequence, text) of a record of netfilter's; None for any other."""
    head, _, text = data.decode("utf-8", "replace").partition(";")
    fields = head.split(",")
    text = text.split("\n", 1)[0]
    if len(fields) < 3 or not fields[0].isdigit() or int(fields[0]) >> 3 != 0:
        return None
    if "IN=" not in text or "OUT=" not in text:
        return None
    return int(fields[1]), text
