"""A Swarmcheck adapter to begin with. It keeps the protocol, and its nodes do nothing.

Put your implementation in the places that are marked with "yours". The protocol: impl/contract/PROTOCOL.md.

    npx swarmcheck run --suite adapter --adapter 'python3 swarmcheck-adapter.py'    # is the adapter right?
    npx swarmcheck run --adapter 'python3 swarmcheck-adapter.py'                    # is the implementation?
"""
import json
import sys

HELLO = {
    "protocol": 1,
    "name": "my-raft",
    "version": "0",
    "language": "Python",
    "surfaces": ["raft"],
    # What you claim, and are judged by: "npx swarmcheck list profiles" names all.
    "profiles": ["raft-core"],
    # What clients may ask of it: "propose", "read", "transfer", "change-membership", "compact".
    "operations": ["propose"],
    # disk: its writes are reported, and it can crash and restart. encode: it can make a message from a view.
    "capabilities": {"disk": False, "encode": False},
    # The same inputs and the same seed give the same answers.
    "deterministic": True,
    # Faults outside of these are not injected.
    "assumptions": {"fifo": False, "noDuplicates": False, "clockDrift": 0.1},
}


class Node:
    """One member of a cluster. Never sleeps, never looks at a clock: it is told what time it is."""

    def __init__(self, name, start, send):
        # Yours: make the member, with its random numbers drawn from start["seed"] and its name.
        self.name, self.start, self.send = name, start, send

    def state(self):
        # Yours: what can be seen of the member.
        configuration = self.start["configuration"]
        known = configuration if self.name in configuration["voters"] else {"voters": [], "outgoing": [], "learners": []}
        return {
            "role": "follower",
            "term": 0,
            "vote": None,
            "leader": None,
            "commit": 0,
            "applied": 0,
            "configuration": known,
            "ready": False,
        }

    def log(self):
        # Yours: every entry, as {"index", "term", "kind": "command", "digest"}.
        return []

    def step(self, input, outputs):
        """Carries out one input until nothing is left to do; returns the new time and what else belongs to the answer."""
        now = input["at"]
        if input["type"] == "deliver":
            # Yours: hand input["message"], which was kept by send, to the member; "received" is how it decoded it.
            return now, {}
        if input["type"] == "advance":
            # Yours: let time pass up to input["until"], or to the first instant at which something comes of it.
            return input["until"], {}
        if input["type"] == "operation":
            # Yours: propose input["operation"]; its result may come with a later answer.
            result = {"operation": input["id"], "status": "failed", "value": None, "reason": "not-leader"}
            outputs.append({"type": "result", **result})
        return now, {}

    def wake(self):
        # Yours: when the member next wants to be woken, in milliseconds of its own clock; None for never.
        return None


class Run:
    """One cluster, and the messages that may still be delivered in it."""

    def __init__(self, start):
        self.messages, self.last = {}, 0
        self.nodes = {name: Node(name, start, self.send) for name in start["nodes"]}
        self.shown = {name: node.state() for name, node in self.nodes.items()}

    def send(self, outputs, sender, receiver, message, view):
        """Keeps a message of yours for delivery, and shows the suite what is in it."""
        self.last += 1
        self.messages[self.last] = message
        ends = {"id": self.last, "from": sender, "to": receiver}
        outputs.append({"type": "message", **ends, "view": view, "after": 0})

    def whole(self, node):
        log = {"restore": {"index": 0, "term": 0, "retain": False}, "append": node.log()}
        return {"now": 0, "wake": node.wake(), "state": node.state(), "log": log}

    def step(self, input):
        node, outputs = self.nodes[input["node"]], []
        now, extra = node.step(input, outputs)
        before, after = self.shown[node.name], node.state()
        self.shown[node.name] = after
        changes = {field: value for field, value in after.items() if value != before[field]}
        # Yours: "log", if entries were appended or removed.
        return {"now": now, "wake": node.wake(), "outputs": outputs, "state": changes, **extra}


runs = {}


def answer(request):
    kind, run = request["type"], runs.get(request.get("run"))
    if kind == "hello":
        return {"hello": HELLO}
    if kind == "exit":
        return {}
    if kind == "start":
        run = runs[request["run"]] = Run(request["start"])
        return {"answers": [run.whole(node) for node in run.nodes.values()]}
    if kind in ("steps", "inspect", "end") and run is None:
        return {"error": {"kind": "definite", "text": f"run {request['run']} was not started, or has ended"}}
    if kind == "steps":
        answers = [run.step(input) for input in request["inputs"]]
        for message in request.get("forget", []):
            run.messages.pop(message, None)
        return {"answers": answers}
    if kind == "inspect":
        node = run.nodes[request["node"]]
        base = {"index": 0, "term": 0}
        return {"inspection": {"state": node.state(), "base": base, "entries": node.log(), "store": []}}
    if kind == "end":
        del runs[request["run"]]
        return {}
    return {"error": {"kind": "unsupported", "text": f"no request of type {kind}"}}


for line in sys.stdin:
    request = json.loads(line)
    head = {key: request[key] for key in ("seq", "run") if key in request}
    print(json.dumps({**head, **answer(request)}), flush=True)
    if request["type"] == "exit":
        break
