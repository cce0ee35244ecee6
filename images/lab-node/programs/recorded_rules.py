"""What the recorder has last written of a node's rules, so that it writes only what is new.

Events carry every rule as it comes and goes; readings add what events lack: iptables' text under each handle, the counters, and the order of
chains that changed. A rule that is replaced (iptables -R) may keep its handle: the kernel tells its going and its coming.
"""


import nftables_netlink

POLICIES = {0: "DROP", 1: "ACCEPT"}


class RecordedRules:
    def __init__(self):
        self.forget()

    def forget(self):
        self.texts = {}
        self.counters = {}
        self.chains = {}
        self.dirty = set()

    def touched(self, family, table, chain):
        self.dirty.add((family, table, chain))

    def chains_changed(self):
        """The next reading writes all chains, not only those that had events."""
        self.chains = {}

    def update(self, reading, base, exact=True):
        """The `tables` part of a record: what differs from what was last written, or everything for a base. Not `exact`: more has
        happened since the reading, and the order of chains stays to be written."""
        if base:
            self.forget()
        tables = []
        seen = set()
        for family, text in reading.save.items():
            for name, chains, refused in split_save(text):
                known = reading.handles.get(family, {}).get(name, {})
                entry = self.table(family, name, chains, refused, known, base, seen)
                if entry is not None and refused:
                    policies = reading.chains.get(family, {}).get(name, {})
                    entry["chains"] = {chain: [POLICIES.get(policy, "-"), 0, 0] for chain, policy in policies.items()}
                if entry is not None and "full" in entry and (family, name) in reading.foreign:
                    # Rules whose coming nobody saw, and which iptables' text does not tell faithfully.
                    rules = map(nftables_netlink.decode_rule, reading.bodies.get((family, name), ()))
                    entry["expressions"] = {rule["handle"]: rule.get("expr", []) for rule in map(reading.sets.complete, rules)}
                tables.append(entry)
        for stale in self.texts.keys() - seen:
            del self.texts[stale]
            self.counters.pop(stale, None)
        if exact:
            self.dirty.clear()
        return [table for table in tables if table is not None]

    def table(self, family, name, chains, refused, known, base, seen):
        entry = {"family": family, "table": name}
        if refused:
            if base or self.chains.get((family, name)) != "refused" or any(key[:2] == (family, name) for key in self.dirty):
                self.chains[(family, name)] = "refused"
                return entry | {"refused": True, "full": True, "order": known}
            return None
        full = base or self.chains.get((family, name)) != "read"
        self.chains[(family, name)] = "read"
        if full:
            entry["full"] = True
        texts, counters, heads, order = {}, {}, {}, {}
        for chain, (head, rules) in chains.items():
            handles = known.get(chain, ())
            key = (family, name, chain)
            if self.chains.get(key) != head:
                self.chains[key] = head
                heads[chain] = head
            if len(handles) != len(rules):
                # iptables' own chains that the kernel has not made yet have no handles and no rules.
                continue
            if full or key in self.dirty:
                order[chain] = handles
            for handle, (counter, words) in zip(handles, rules):
                rule = (family, name, handle)
                seen.add(rule)
                if self.texts.get(rule) != words:
                    self.texts[rule] = words
                    texts[handle] = words
                if self.counters.get(rule) != counter:
                    self.counters[rule] = counter
                    counters[handle] = counter
        for part, value in (("texts", texts), ("counters", counters), ("chains", heads), ("order", order)):
            if value:
                entry[part] = value
        return entry if len(entry) > 2 else None


def split_save(text):
    """(table, {chain: ([policy or '-', packets, bytes], [([packets, bytes], words)])}, refused) of what iptables-save -c printed."""
    chains, name = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            counter, _, rest = line.partition("] -A ")
            chain, _, words = rest.partition(" ")
            packets, _, size = counter[1:].partition(":")
            if chain in chains:
                chains[chain][1].append(([int(packets), int(size)], words))
        elif line.startswith(":"):
            chain, policy, counter = line[1:].rsplit(" ", 2)
            packets, _, size = counter.strip("[]").partition(":")
            chains[chain] = ([policy, int(packets), int(size)], [])
        elif line.startswith("*"):
            name, chains = line[1:], {}
        elif line == "COMMIT":
            yield name, chains, False
        elif line.startswith("# Table `") and "incompatible" in line:
            yield line.split("`", 1)[1].split("'", 1)[0], {}, True
