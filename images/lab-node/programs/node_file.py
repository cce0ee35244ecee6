"""Reads one file below a node's root without ever leaving that root: node_file.py '{"root", "path", "mostBytes"}' prints JSON.

Every step of the path is opened by its name in the folder before, without following links; a symbolic link is resolved by hand with the
node's root as `/`. A learner can put a link to /proc/1/root or to ../../.. there: it leads to the node's own files or nowhere.
"""

import errno
import json
import os
import stat
import sys

MOST_LINKS = 40


def open_inside(root, path):
    """A descriptor (O_PATH) of what the path names below root. Raises OSError as open(2) would."""
    folders = [os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    steps = split(path)
    links = 0
    while steps:
        step = steps.pop(0)
        if step == "..":
            if len(folders) > 1:
                os.close(folders.pop())
            continue
        found = os.open(step, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folders[-1])
        mode = os.fstat(found).st_mode
        if stat.S_ISLNK(mode):
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = os.readlink("", dir_fd=found)
            os.close(found)
            if target.startswith("/"):
                while len(folders) > 1:
                    os.close(folders.pop())
            steps = split(target) + steps
        else:
            folders.append(found)
    return folders[-1]


def split(path):
    return [step for step in path.split("/") if step not in ("", ".")]


def read(request):
    try:
        found = open_inside(request["root"], request["path"])
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return {"kind": "absent"}
        if error.errno == errno.ELOOP:
            return {"kind": "not-a-file", "what": "symbolic links in a circle"}
        raise
    about = os.fstat(found)
    if not stat.S_ISREG(about.st_mode):
        return {"kind": "not-a-file", "what": "a folder" if stat.S_ISDIR(about.st_mode) else "a special file"}
    if about.st_size > request["mostBytes"]:
        return {"kind": "too-large", "bytes": about.st_size}
    # A descriptor of the very file that was looked at: no name is resolved again.
    with open("/proc/self/fd/%d" % found, "rb") as file:
        data = file.read(request["mostBytes"] + 1)
    if len(data) > request["mostBytes"]:
        return {"kind": "too-large", "bytes": len(data)}
    return {"kind": "text", "text": data.decode("utf-8", "replace")}


if __name__ == "__main__":
    json.dump(read(json.loads(sys.argv[1])), sys.stdout)
