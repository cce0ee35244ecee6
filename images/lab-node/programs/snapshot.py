"""Reads nodes' network state and prints one JSON line for each: `snapshot.py [--only=rules|addresses] NODE...`. See
engine/observe/snapshot-nodes.ts for the shape.

It stands in the outer container and runs nothing of a node's: the namespace alone is entered, the programs are this image's.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import netlink
import nft_rules
import node_state
from commands import Command, wait_all


def attempt(problems, section, action):
    try:
        return action()
    except (OSError, ValueError, KeyError, IndexError) as error:
        problems.append({"section": section, "message": "%s: %s" % (type(error).__name__, error)})
        return None


def begin(node):
    """In the node's namespace: starts what needs a process, reads what does not. Gives the unfinished record."""
    problems = []
    record = {"node": node, "time": time.time(), "problems": problems}
    commands = attempt(problems, "links", node_state.address_commands) or {}
    query = netlink.open_socket(netlink.NETLINK_NETFILTER)
    diag = netlink.open_socket(node_state.NETLINK_SOCK_DIAG)
    begin_legacy(commands, problems)
    names = attempt(problems, "ipset", lambda: node_state.ipset_names(query))
    if names:
        commands["ipset"] = Command(["/usr/sbin/ipset", "save"])
    rules = attempt(problems, "iptables", lambda: nft_rules.read(query, want_nft=True))
    record["sysctls"] = attempt(problems, "sysctls", node_state.read_sysctls) or {}
    record["listeners"] = attempt(problems, "listeners", lambda: node_state.read_listeners(diag)) or []
    table = attempt(problems, "conntrack", lambda: node_state.read_conntrack(query))
    if table is not None:
        record["conntrack"], record["flows"], more = table
        if more:
            problems.append({"section": "conntrack", "message": "more entries than are read"})
    if rules is not None:
        add_rules(record, rules)
    return record, commands


def begin_rules(node):
    """The same for the rules alone: what a window that shows them asks every second."""
    problems = []
    record = {"node": node, "time": time.time(), "problems": problems}
    commands = {}
    begin_legacy(commands, problems)
    query = netlink.open_socket(netlink.NETLINK_NETFILTER)
    rules = attempt(problems, "iptables", lambda: nft_rules.read(query, want_nft=True))
    if rules is not None:
        add_rules(record, rules)
    return record, commands


def begin_addresses(node):
    """The same for links and addresses alone."""
    problems = []
    record = {"node": node, "time": time.time(), "problems": problems}
    return record, {"addresses": command for command in [attempt(problems, "links", node_state.address_command)] if command}


def begin_legacy(commands, problems):
    legacy = attempt(problems, "iptables", node_state.legacy_tables) or {}
    for family, command in (attempt(problems, "iptables", lambda: node_state.legacy_commands(legacy)) or {}).items():
        commands["legacy-" + family] = command


def add_rules(record, rules):
    record["generation"] = rules.generation
    record["torn"] = rules.torn
    record["save"] = rules.save
    record["handles"] = rules.handles
    record["chains"] = rules.chains
    record["problems"] += rules.problems
    record["nft"] = [{"family": family, "name": name, "json": output} for (family, name), output in rules.nft.items()]
    if rules.foreign:
        import nftables_netlink

        record["rules"] = [
            rules.sets.complete(nftables_netlink.decode_rule(body)) for key in sorted(rules.foreign) for body in rules.bodies.get(key, ())
        ]


SECTIONS = {"addresses": "addresses", "routes4": "routes", "routes6": "routes", "rules4": "policy-rules", "rules6": "policy-rules",
            "ipset": "ipset", "legacy-ipv4": "iptables", "legacy-ipv6": "iptables"}


def finish(record, commands):
    record["texts"] = {}
    for name, command in commands.items():
        failure = command.failure()
        if failure is None:
            record["texts"][name] = command.output
        else:
            record["problems"].append({"section": SECTIONS[name], "message": failure})


BEGINNINGS = {"": begin, "rules": begin_rules, "addresses": begin_addresses}


def main(arguments):
    only = arguments[0].removeprefix("--only=") if arguments[:1] and arguments[0].startswith("--only=") else ""
    nodes = arguments[1:] if only else arguments
    beginning = BEGINNINGS[only]
    namespaces = netlink.Namespaces()
    begun = []
    for node in nodes:
        try:
            begun.append(namespaces.run("/run/netns/" + node, lambda: beginning(node)))
        except OSError as error:
            begun.append(({"node": node, "time": time.time(), "missing": str(error), "problems": []}, {}))
    wait_all([command for _, commands in begun for command in commands.values()])
    for record, commands in begun:
        finish(record, commands)
        sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")


main(sys.argv[1:])
