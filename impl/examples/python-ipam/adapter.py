"""The Swarmcheck adapter of ipam.py: standard input and output, one line of JSON at a time (see PROTOCOL.md)."""
import json
import sys
import traceback

from ipam import Allocator, Refused

HELLO = {
    "protocol": 1,
    "name": "python-ipam",
    "version": "0.1",
    "language": "python",
    "surfaces": ["ipam"],
    "profiles": ["ipam-core", "ipam-local"],
    "operations": ["request-pool", "release-pool", "request-address", "release-address"],
    "capabilities": {"disk": False, "encode": False},
    "deterministic": True,
    "assumptions": {"fifo": False, "noDuplicates": False, "clockDrift": 0.5},
}


def record(pool):
    range = str(pool.range) if pool.range else ""
    return {"pool": pool.name, "space": pool.space, "subnet": str(pool.network), "range": range}


class Host:
    """One node: an allocator, and what the suite was told of it."""

    def __init__(self, options):
        self.allocator, self.leading, self.shown, self.panic = Allocator(options), False, {}, None

    def look(self):
        """By pool: its record and what is taken of it, as text."""
        return {
            name: (record(pool), [str(address) for address in sorted(pool.taken)])
            for name, pool in self.allocator.pools.items()
        }

    def step(self, input):
        if self.panic:
            return {"now": input["at"], "error": self.panic}
        try:
            return self.carry_out(input)
        except Exception:
            self.panic = {"kind": "panic", "text": traceback.format_exc()[-4000:]}
            return {"now": input["at"], "error": self.panic}

    def carry_out(self, input):
        type, at = input["type"], input["at"]
        if type == "advance":
            return {"now": input["until"]}
        if type == "lead":
            self.leading = True
            return {"now": at, "state": {"leading": True}, "changes": self.changes({})}
        if type == "operation":
            result = self.operate(input["operation"])
            outputs = [{"type": "result", "operation": input["id"], **result}]
            return {"now": at, "outputs": outputs, "changes": self.changes(self.shown)}
        return {"now": at, "error": {"kind": "unsupported", "text": type}}

    def operate(self, operation):
        result = {"status": "ok", "reason": "", "problems": [], "subnet": "", "address": ""}
        try:
            if not self.leading:
                raise Refused("not-leading")
            return {**result, **self.granted(operation)}
        except Refused as refused:
            return {**result, "status": "failed", "reason": refused.reason, "problems": refused.problems}

    def granted(self, operation):
        type, allocator, pool = operation["type"], self.allocator, operation["pool"]
        if type == "request-pool":
            network, gateway = allocator.request_pool(operation)
            return {"subnet": str(network), "address": "" if gateway is None else str(gateway)}
        if type == "request-address":
            return {"address": str(allocator.request_address(pool, operation["address"]))}
        if type == "release-pool":
            allocator.release_pool(pool)
        else:
            allocator.release_address(pool, operation["address"])
        return {}

    def changes(self, before):
        """What became of the table since it was shown as `before`."""
        after, changes = self.look(), []
        for name in before:
            if name not in after:
                changes.append({"change": "pool-released", "pool": name})
        for name, (pool, addresses) in after.items():
            if name not in before:
                changes.append({"change": "pool", **pool})
            known = before[name][1] if name in before else []
            changes += self.addresses("address", name, addresses, known)
            changes += self.addresses("address-released", name, known, addresses)
        self.shown = after
        return changes

    def addresses(self, change, pool, some, others):
        return [{"change": change, "pool": pool, "address": address} for address in some if address not in others]

    def inspect(self):
        pools = [{**pool, "addresses": addresses} for _, (pool, addresses) in sorted(self.look().items())]
        return {"state": {"leading": self.leading}, "pools": pools}


RUNS = {}


def answer(request):
    type, number = request["type"], request.get("run")
    if type == "hello":
        return {"hello": HELLO}
    if type == "start":
        start = request["start"]
        RUNS[number] = {name: Host(start["options"]) for name in start["nodes"]}
        return {"answers": [{"now": 0, "state": {"leading": False}} for _ in start["nodes"]]}
    if type in ("steps", "inspect", "end") and number not in RUNS:
        return {"error": {"kind": "definite", "text": f"run {number} was not started, or has ended"}}
    if type == "steps":
        return {"answers": [RUNS[number][input["node"]].step(input) for input in request["inputs"]]}
    if type == "inspect":
        return {"inspection": RUNS[number][request["node"]].inspect()}
    if type == "end":
        del RUNS[number]
        return {}
    if type == "exit":
        return {}
    return {"error": {"kind": "unsupported", "text": f"no request of type {type}"}}


for line in sys.stdin:
    request = json.loads(line)
    head = {key: request[key] for key in ("seq", "run") if key in request}
    print(json.dumps({**head, **answer(request)}), flush=True)
    if request["type"] == "exit":
        break
