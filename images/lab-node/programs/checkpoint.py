"""Saves nodes into a folder of the session's volume, and puts them back.

    checkpoint.py save FOLDER NODE...    NODE.json (network) and NODE.tar (files) for each; prints {"left": {NODE: [what is not kept]}}
    checkpoint.py load FOLDER NODE...    the network of each, from NODE.json; the files are put back before a node starts.
                                         Prints {"left": ...}; exit 1 where rules or sets of a node could not be put back

Nothing of a node runs: its network namespace alone is entered, its files are read below the upper folder of its overlay. tar goes by
descriptors and follows no link there (openat with O_NOFOLLOW), and keeps whiteouts, owners, xattrs, hard links and holes.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import netlink
import network_copy
import nft_copy
from commands import Command, wait_all

# Where the overlay keeps for itself which lower file an upper one came from: a handle that means nothing in another container.
OVERLAYS_OWN = ("trusted.overlay.origin", "trusted.overlay.uuid")
SECONDS = 120


def save(folder, nodes):
    namespaces = netlink.Namespaces()
    tars = {node: Command(tar_argv(folder, node)) for node in nodes}
    left = {}
    for node in nodes:
        state, left[node] = namespaces.run("/run/netns/" + node, lambda node=node: read_node(node))
        write(os.path.join(folder, node + ".json"), json.dumps(state, separators=(",", ":")))
    wait_all(list(tars.values()), SECONDS)
    for node, command in tars.items():
        # 1: a file changed or went away while it was read, which is no fault of the copy.
        if command.status not in (0, 1):
            raise SystemExit("the files of %s: %s" % (node, command.failure()))
    print(json.dumps({"left": {node: what for node, what in left.items() if what}}))


def tar_argv(folder, node):
    return ["/usr/bin/tar", "--create", "--file", os.path.join(folder, node + ".tar"), "--directory", "/run/hookpoint/nodes/%s/files/upper" % node,
            "--format=pax", "--pax-option=delete=atime,delete=ctime", "--numeric-owner", "--sparse", "--xattrs", "--xattrs-include=*",
            *["--xattrs-exclude=" + name for name in OVERLAYS_OWN], "--acls", "--warning=none", "."]


def read_node(node):
    sock = netlink.open_socket(netlink.NETLINK_NETFILTER)
    state, left = network_copy.read(node, sock)
    state["nft"] = nft_copy.read(sock)
    sock.close()
    return state, left


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def load(folder, nodes):
    namespaces = netlink.Namespaces()
    left, failed = {}, {}
    for node in nodes:
        with open(os.path.join(folder, node + ".json"), encoding="utf-8") as file:
            state = json.load(file)
        loading = network_copy.Loading()
        namespaces.run("/run/netns/" + node, lambda state=state, loading=loading: load_node(state, loading))
        left[node], failed[node] = loading.problems, loading.failures
    print(json.dumps({"left": {node: what for node, what in left.items() if what}}))
    said = ["%s: %s" % (node, text) for node, texts in failed.items() for text in texts]
    if said:
        sys.stderr.write("\n".join(said) + "\n")
        raise SystemExit(1)


def load_node(state, loading):
    network_copy.load_network(state, loading)
    load_rules(state, loading)


def load_rules(state, loading):
    """Sets first: rules name them."""
    sock = netlink.open_socket(netlink.NETLINK_NETFILTER)
    try:
        numbers = network_copy.load_sets(state, sock, loading)
        nft_copy.load(sock, state["nft"], numbers)
    except OSError as error:
        loading.failures.append("nf_tables: %s" % error.strerror)
    finally:
        sock.close()
    network_copy.load_legacy(state, loading)


if __name__ == "__main__":
    {"save": save, "load": load}[sys.argv[1]](sys.argv[2], sys.argv[3:])
