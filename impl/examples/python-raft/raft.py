"""Raft as one might write it after a first reading of the paper. It elects and replicates while nothing fails."""


class Raft:
    """One member. It has no clock, network or disk of its own: whoever drives it sets `now` and empties the lists."""

    def __init__(self, name, voters, options, chance, now, term=0, log=()):
        self.name, self.voters, self.chance, self.now = name, voters, chance, now
        self.others = [voter for voter in voters if voter != name]
        self.timeout, self.interval = options["electionTimeout"], options["heartbeatInterval"]
        self.max_entries = options["maxEntries"]
        self.term, self.vote, self.log = term, None, list(log)
        self.role, self.leader = "follower", None
        self.commit = self.applied = 0
        self.durable = len(self.log)  # index up to which the log is on disk
        self.store = {}
        self.votes, self.next, self.match, self.waiting = set(), {}, {}, {}
        self.heartbeat_at = 0
        self.sent, self.applies, self.results = [], [], []
        self.wait()

    # Time

    def wait(self):
        self.campaign_at = self.now + self.chance.randrange(self.timeout, 2 * self.timeout)

    def wake(self):
        if self.name not in self.voters:
            return None
        return self.heartbeat_at if self.role == "leader" else self.campaign_at

    def fire(self):
        """The instant that `wake` named has come."""
        if self.role == "leader":
            self.broadcast()
        else:
            self.campaign()

    # Elections

    def campaign(self):
        self.term += 1
        self.role, self.leader, self.vote, self.votes = "candidate", None, self.name, set()
        self.wait()
        index, term = len(self.log), self.term_at(len(self.log))
        for other in self.others:
            self.send(other, "RequestVote", lastIndex=index, lastTerm=term)

    def follow(self, term):
        if self.role == "leader":
            self.wait()
            for operation in self.waiting.values():
                self.results.append((operation, "unknown", None, "lost-leadership"))
            self.waiting = {}
        self.role, self.leader, self.term, self.vote = "follower", None, term, None

    def request_vote(self, sender, message):
        granted = message["term"] == self.term and self.vote in (None, sender)
        if granted:
            self.vote = sender
            self.wait()
        self.send(sender, "Vote", granted=granted)

    def voted(self, sender, message):
        if self.role == "candidate" and message["term"] == self.term and message["granted"]:
            self.count_vote(sender)

    def count_vote(self, voter):
        self.votes.add(voter)
        if self.is_majority(len(self.votes)):
            self.role, self.leader = "leader", self.name
            self.next = {other: len(self.log) + 1 for other in self.others}
            self.match = {other: 0 for other in self.others}
            self.broadcast()
            self.count_copies()

    # Replication

    def propose(self, operation, command):
        if self.role != "leader":
            self.results.append((operation, "failed", None, "not-leader"))
            return
        self.waiting[len(self.log) + 1] = operation
        self.log.append({"term": self.term, "command": command})
        self.broadcast()

    def broadcast(self):
        self.heartbeat_at = self.now + self.interval
        for other in self.others:
            self.send_append(other)

    def send_append(self, other):
        previous = self.next[other] - 1
        entries = self.log[previous : previous + self.max_entries]
        previous_term = self.term_at(previous)
        self.send(other, "Append", previous=previous, previousTerm=previous_term, entries=entries, commit=self.commit)

    def append_entries(self, sender, message):
        previous, entries = message["previous"], message["entries"]
        if message["term"] < self.term:
            self.send(sender, "Appended", success=False, index=previous, hint=0)
            return
        self.role, self.leader = "follower", sender
        self.wait()
        if previous > len(self.log) or self.term_at(previous) != message["previousTerm"]:
            hint = min(len(self.log), previous - 1)
            self.send(sender, "Appended", success=False, index=previous, hint=hint)
            return
        for index, entry in enumerate(entries, previous + 1):
            if index <= len(self.log) and self.term_at(index) != entry["term"]:
                del self.log[index - 1 :]
                self.durable = min(self.durable, len(self.log))
            if index > len(self.log):
                self.log.append(entry)
        last = previous + len(entries)
        self.commit_to(min(message["commit"], last))
        self.send(sender, "Appended", success=True, index=last, hint=0)

    def appended(self, sender, message):
        if self.role != "leader" or message["term"] != self.term:
            return
        if message["success"]:
            self.match[sender] = max(self.match[sender], message["index"])
            self.next[sender] = max(self.next[sender], self.match[sender] + 1)
            self.count_copies()
            if self.next[sender] <= len(self.log):
                self.send_append(sender)
        elif message["index"] == self.next[sender] - 1:
            self.next[sender] = max(self.match[sender] + 1, min(message["index"], message["hint"] + 1))
            self.send_append(sender)

    def count_copies(self):
        copies = sorted([self.durable, *self.match.values()], reverse=True)
        self.commit_to(copies[len(self.voters) // 2])

    def commit_to(self, index):
        self.commit = max(self.commit, index)
        while self.applied < self.commit:
            self.applied += 1
            entry = self.log[self.applied - 1]
            value = self.execute(entry["command"])
            self.applies.append((self.applied, entry))
            if self.applied in self.waiting:
                self.results.append((self.waiting.pop(self.applied), "ok", value, ""))

    def execute(self, command):
        key = command["key"]
        if command["type"] == "get":
            return self.store.get(key)
        if command["type"] == "compare-and-set":
            if self.store.get(key) != command["expect"]:
                return "false"
            self.store[key] = command["value"]
            return "true"
        self.store[key] = command["value"]
        return None

    # From and to the rest of the world

    def receive(self, sender, message):
        if message["term"] > self.term:
            self.follow(message["term"])
        handle = {
            "RequestVote": self.request_vote,
            "Vote": self.voted,
            "Append": self.append_entries,
            "Appended": self.appended,
        }
        handle[message["type"]](sender, message)

    def saved(self, term, vote, last):
        """The disk has this term, this vote, and the log up to `last`."""
        self.durable = last
        if self.role == "candidate" and (term, vote) == (self.term, self.name):
            self.count_vote(self.name)
        if self.role == "leader":
            self.count_copies()

    def send(self, to, type, **fields):
        self.sent.append((to, {"type": type, "term": self.term, **fields}))

    def term_at(self, index):
        return self.log[index - 1]["term"] if index > 0 else 0

    def is_majority(self, count):
        return count > len(self.voters) // 2
