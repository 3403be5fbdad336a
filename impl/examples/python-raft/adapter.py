"""The Swarmcheck adapter of raft.py: standard input and output, one line of JSON at a time (see PROTOCOL.md)."""
import hashlib
import json
import random
import sys
import traceback
from urllib.parse import quote

from raft import Raft

HELLO = {
    "protocol": 1,
    "name": "python-raft",
    "version": "0.1",
    "language": "python",
    "surfaces": ["raft"],
    "profiles": ["raft-core", "raft-persistence"],
    "operations": ["propose"],
    "capabilities": {"disk": True, "encode": False},
    "deterministic": True,
    "assumptions": {"fifo": False, "noDuplicates": False, "clockDrift": 0.25},
}
STATE_FIELDS = ["role", "term", "vote", "leader", "commit", "applied"]


def digest(command):
    text = " ".join("*" if word is None else quote(word, safe="") for word in command.values())
    return text if len(text) <= 100 else hashlib.sha256(text.encode()).hexdigest()


def view_entry(index, entry):
    return {"index": index, "term": entry["term"], "kind": "command", "digest": digest(entry["command"])}


def view_entries(entries, first):
    return [view_entry(index, entry) for index, entry in enumerate(entries, first)]


def view(message):
    """A message of raft.py in the words of the protocol."""
    term = message["term"]
    if message["type"] == "RequestVote":
        last = {"lastIndex": message["lastIndex"], "lastTerm": message["lastTerm"]}
        return {"kind": "request-vote", "term": term, **last, "transfer": False}
    if message["type"] == "Vote":
        return {"kind": "request-vote-response", "term": term, "granted": message["granted"]}
    if message["type"] == "Append":
        previous = message["previous"]
        entries = view_entries(message["entries"], previous + 1)
        place = {"previousIndex": previous, "previousTerm": message["previousTerm"], "entries": entries}
        return {"kind": "append-entries", "term": term, **place, "commit": message["commit"], "round": 0}
    outcome = {field: message[field] for field in ["success", "index", "hint"]}
    return {"kind": "append-entries-response", "term": term, **outcome, "round": 0}


class Disk:
    """What is on disk, and the writes that are not complete yet, oldest first."""

    def __init__(self):
        self.term, self.vote, self.log = 0, None, []
        self.pending, self.last_id = {}, 0

    def write(self, term, vote, keep, entries):
        self.last_id += 1
        self.pending[self.last_id] = (term, vote, keep, entries)
        return self.last_id

    def complete(self, ids):
        for id in ids:
            self.term, self.vote, keep, entries = self.pending.pop(id)
            self.log[keep:] = entries

    def crash(self, keep):
        self.complete([id for id in self.pending if id in keep])
        self.pending = {}


class Host:
    """One node: a member, its disk, and what the suite was told of them."""

    def __init__(self, run, name):
        self.run, self.name, self.disk = run, name, Disk()
        self.chance = random.Random(f"{run.start['seed']} {name}")
        self.boot(0)

    def boot(self, now):
        members = self.run.start["configuration"]["voters"]
        voters = members if self.name in members else []
        options, disk = self.run.start["options"], self.disk
        self.raft = Raft(self.name, voters, options, self.chance, now, disk.term, disk.log)
        self.after, self.saved = 0, (disk.term, disk.vote)
        self.log, self.state, self.panic = list(disk.log), self.look(), None

    def look(self):
        raft = self.raft
        state = {field: getattr(raft, field) for field in STATE_FIELDS}
        configuration = {"voters": sorted(raft.voters), "outgoing": [], "learners": []}
        return {**state, "configuration": configuration, "ready": False}

    def whole(self):
        log = {"restore": {"index": 0, "term": 0, "retain": False}, "append": view_entries(self.log, 1)}
        return {"now": self.raft.now, "wake": self.raft.wake(), "state": self.state, "log": log}

    def step(self, input):
        if self.panic:
            return {"now": input["at"], "error": self.panic}
        try:
            return self.carry_out(input)
        except Exception:
            self.panic = {"kind": "panic", "text": traceback.format_exc()[-4000:]}
            return {"now": input["at"], "error": self.panic}

    def carry_out(self, input):
        type, raft = input["type"], self.raft
        raft.now = input["at"]
        extra = {}
        if type == "crash":
            self.disk.crash(input["keep"])
            return {"now": input["at"]}
        if type == "restart":
            self.boot(input["at"])
            return self.whole()
        if type == "deliver":
            sender, text = self.run.messages[input["message"]]
            message = json.loads(text)
            extra = {"received": view(message)}
            raft.receive(sender, message)
        elif type == "advance":
            wake = raft.wake()
            if wake is None or wake > input["until"]:
                raft.now = input["until"]
            else:
                raft.now = max(wake, input["at"])
                raft.fire()
        elif type == "operation":
            raft.propose(input["id"], input["operation"]["command"])
        elif type == "written":
            self.disk.complete(input["writes"])
            raft.saved(self.disk.term, self.disk.vote, self.common(self.disk.log))
        return {**self.report(), **extra}

    def common(self, log):
        """Index up to which a log equals the member's."""
        index = min(len(log), len(self.raft.log))
        while index > 0 and log[index - 1]["term"] != self.raft.log[index - 1]["term"]:
            index -= 1
        return index

    def report(self):
        """Everything that came of a step, in the order write, apply, send, result."""
        raft, outputs, answer = self.raft, [], {"now": self.raft.now, "wake": self.raft.wake()}
        keep = self.common(self.log)
        added, removed = raft.log[keep:], keep < len(self.log)
        delta = {"truncate": keep} if removed else {}
        if added:
            delta["append"] = view_entries(added, keep + 1)
        if delta:
            answer["log"] = delta
        if delta or self.saved != (raft.term, raft.vote):
            self.saved = (raft.term, raft.vote)
            self.after = self.disk.write(raft.term, raft.vote, keep, added)
            contents = {"term": raft.term, "vote": raft.vote, "log": delta}
            outputs.append({"type": "write", "id": self.after, "file": "raft", "sync": True, "contents": contents})
        self.log = list(raft.log)
        for index, entry in raft.applies:
            outputs.append({"type": "apply", "index": index, "term": entry["term"], "digest": digest(entry["command"])})
        for to, message in raft.sent:
            ends = {"id": self.run.keep(self.name, message), "from": self.name, "to": to}
            outputs.append({"type": "message", **ends, "view": view(message), "after": self.after})
        for operation, status, value, reason in raft.results:
            ended = {"operation": operation, "status": status, "value": value, "reason": reason}
            outputs.append({"type": "result", **ended})
        raft.applies, raft.sent, raft.results = [], [], []
        state = self.look()
        changes = {field: value for field, value in state.items() if value != self.state[field]}
        self.state = state
        return {**answer, "outputs": outputs, "state": changes}


class Run:
    """One cluster, and the messages that may still be delivered in it."""

    def __init__(self, start):
        self.start, self.messages, self.last_id = start, {}, 0
        self.hosts = {name: Host(self, name) for name in start["nodes"]}

    def keep(self, sender, message):
        self.last_id += 1
        self.messages[self.last_id] = (sender, json.dumps(message))
        return self.last_id

    def steps(self, inputs, forget):
        answers = [self.hosts[input["node"]].step(input) for input in inputs]
        for id in forget:
            self.messages.pop(id, None)
        return answers

    def inspect(self, name):
        host = self.hosts[name]
        entries, store = view_entries(host.raft.log, 1), sorted(host.raft.store.items())
        return {"state": host.look(), "base": {"index": 0, "term": 0}, "entries": entries, "store": store}


RUNS = {}


def answer(request):
    type, number = request["type"], request.get("run")
    if type == "hello":
        return {"hello": HELLO}
    if type == "start":
        RUNS[number] = Run(request["start"])
        return {"answers": [host.whole() for host in RUNS[number].hosts.values()]}
    if type in ("steps", "inspect", "end") and number not in RUNS:
        return {"error": {"kind": "definite", "text": f"run {number} was not started, or has ended"}}
    if type == "steps":
        return {"answers": RUNS[number].steps(request["inputs"], request.get("forget", []))}
    if type == "inspect":
        return {"inspection": RUNS[number].inspect(request["node"])}
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
