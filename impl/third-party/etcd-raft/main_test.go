package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// inBothModes runs a test with AsyncStorageWrites off and on.
func inBothModes(t *testing.T, test func(t *testing.T, async bool)) {
	for _, async := range []bool{false, true} {
		t.Run(fmt.Sprintf("async=%v", async), func(t *testing.T) { test(t, async) })
	}
}

func TestElectionAndProposal(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 1, disk: 3, delay: 10})
		leader := c.leader()
		c.expect(c.put(leader, "x", "v1"), "ok", "null")
		c.expect(c.operate(leader, map[string]any{"type": "propose", "command": map[string]any{"type": "get", "key": "x"}}), "ok", "v1")
		c.expect(c.operate(leader, map[string]any{"type": "propose", "command": map[string]any{
			"type": "compare-and-set", "key": "x", "expect": "v1", "value": "a \"quoted\" value"}}), "ok", "true")
		c.expect(c.operate(leader, map[string]any{"type": "propose", "command": map[string]any{
			"type": "compare-and-set", "key": "x", "expect": nil, "value": "v3"}}), "ok", "false")
		c.run(200)
		for _, name := range c.names {
			if store := c.inspect(name); store["x"] != "a \"quoted\" value" {
				t.Fatalf("%s holds %v", name, store)
			}
			if name != leader {
				c.expect(c.put(name, "x", "v4"), "failed", "null")
			}
		}
	})
}

func TestReads(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 2, disk: 3, delay: 10})
		c.expect(c.put(c.leader(), "x", "v1"), "ok", "null")
		for _, name := range c.names {
			c.expect(c.read(name, "x", "read-index"), "ok", "v1")
		}
		c.expect(c.read(c.leader(), "y", "read-index"), "ok", "null")
	})
}

func TestLeaseReads(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, lease: true, checkQuorum: true, seed: 2, disk: 3, delay: 10})
		leader := c.leader()
		c.expect(c.put(leader, "x", "v1"), "ok", "null")
		for _, name := range c.names {
			if name == leader {
				c.expect(c.read(name, "x", "lease"), "ok", "v1")
			} else {
				c.expect(c.read(name, "x", "lease"), "failed", "null")
			}
		}
	})
}

func TestRefusedInputChangesNothing(t *testing.T) {
	c := start(t, settings{nodes: names(3)})
	var reply struct{ Answers []answerView }
	read := map[string]any{"type": "operation", "node": "n1", "at": 5, "id": 1,
		"operation": map[string]any{"type": "read", "key": "x", "by": "lease"}}
	c.ask(&reply, map[string]any{"type": "steps", "inputs": []any{read}})
	a := reply.Answers[0]
	if a.Error == nil || a.Error.Kind != "unsupported" || a.Now != 5 || a.Wake == nil || *a.Wake != *c.members["n1"].wake {
		t.Fatalf("%+v", a)
	}
}

func TestCrashAndRestart(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 3, disk: 5, delay: 10})
		leader := c.leader()
		c.expect(c.put(leader, "x", "v1"), "ok", "null")
		pending := c.put(leader, "x", "v2")
		c.crash(leader)
		c.run(1500)
		if _, answered := c.results[pending]; answered {
			t.Fatal("an operation is answered by a node that is down")
		}
		c.restart(leader)
		if c.members[leader].role() != "follower" {
			t.Fatal("restarts as", c.members[leader].role())
		}
		c.expect(c.put(c.leader(), "y", "v3"), "ok", "null")
		c.run(500)
		for _, name := range c.names {
			if store := c.inspect(name); store["y"] != "v3" {
				t.Fatalf("%s holds %v", name, store)
			}
		}
	})
}

func TestLostLeadershipEndsProposals(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 4, disk: 2, delay: 5})
		old := c.leader()
		c.cut = func(from, to string) bool { return from == old || to == old }
		id := c.put(old, "x", "v1")
		c.run(2000)
		c.cut = func(string, string) bool { return false }
		c.expect(id, "unknown", "null")
	})
}

func TestTransfer(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 5, disk: 2, delay: 5, checkQuorum: true, preVote: true})
		leader := c.leader()
		c.run(200)
		to := c.names[(slices.Index(c.names, leader)+1)%3]
		c.expect(c.operate(leader, map[string]any{"type": "transfer", "to": to}), "ok", "null")
		if c.leader() != to {
			t.Fatal("leader is", c.leader())
		}
	})
}

func TestMembership(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(5), voters: names(3), async: async, seed: 6, disk: 2, delay: 5, inflight: 4, maxEntries: 4})
		leader := c.leader()
		c.expect(c.put(leader, "x", "v1"), "ok", "null")
		c.expect(c.change(leader, false, "add-learner", "n4"), "ok", "null")
		c.run(300)
		if store := c.inspect("n4"); store["x"] != "v1" {
			t.Fatalf("the learner holds %v", store)
		}
		first := c.change(leader, true, "add-voter", "n4", "add-voter", "n5", "remove", "n1", "remove", "n2")
		c.expect(c.change(leader, false, "add-learner", "n1"), "failed", "null")
		c.expect(first, "ok", "null")
		c.run(2000)
		leader = c.leader()
		voters := fmt.Sprint(c.members[leader].state["configuration"])
		if voters != "map[learners:[] outgoing:[] voters:[n3 n4 n5]]" {
			t.Fatal(voters)
		}
		c.expect(c.put(leader, "x", "v2"), "ok", "null")
		c.run(300)
		if store := c.inspect("n5"); store["x"] != "v2" {
			t.Fatalf("n5 holds %v", store)
		}
		c.expect(c.change(leader, true, "remove", "n3", "remove", "n4", "remove", "n5"), "failed", "null")
	})
}

func TestSnapshot(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		c := start(t, settings{nodes: names(3), async: async, seed: 7, disk: 2, delay: 5, inflight: 4, maxEntries: 8})
		leader := c.leader()
		behind := c.names[(slices.Index(c.names, leader)+1)%3]
		c.cut = func(from, to string) bool { return from == behind || to == behind }
		for i := range 20 {
			c.expect(c.put(leader, "x", fmt.Sprint("v", i)), "ok", "null")
		}
		c.expect(c.operate(leader, map[string]any{"type": "compact", "keep": 3}), "ok", "null")
		c.inspect(leader)
		c.run(20)
		c.crash(leader)
		c.restart(leader)
		c.inspect(leader)
		c.cut = func(string, string) bool { return false }
		c.run(3000)
		c.expect(c.put(c.leader(), "y", "v"), "ok", "null")
		c.run(500)
		if m := c.members[behind]; m.base < 15 || c.inspect(behind)["x"] != "v19" {
			t.Fatalf("%s has base %d and holds %v", behind, m.base, c.inspect(behind))
		}
	})
}

// disturb makes a long run with every fault and operation, and ends with one that must succeed.
func disturb(t *testing.T, seed uint64, async bool) *cluster {
	t.Helper()
	c := start(t, settings{
		nodes: names(5), voters: names(4), async: async, seed: seed, preVote: seed%2 == 0, checkQuorum: seed%3 == 0,
		maxEntries: 16, inflight: 3, loss: 0.05, duplicate: 0.05, delay: 20, disk: 8,
	})
	for round := range 150 {
		c.run(c.random.Int64N(60))
		node := c.names[c.random.IntN(5)]
		other := c.names[c.random.IntN(5)]
		if m := c.members[node]; !m.up {
			if c.random.IntN(3) == 0 {
				c.restart(node)
			}
			continue
		}
		switch c.random.IntN(14) {
		case 0:
			c.crash(node)
		case 1:
			c.cut = func(from, to string) bool { return (from == node) != (to == node) }
		case 2, 3:
			c.cut = func(string, string) bool { return false }
		case 4:
			c.operate(node, map[string]any{"type": "transfer", "to": other})
		case 5:
			c.operate(node, map[string]any{"type": "compact", "keep": c.random.IntN(4)})
		case 6:
			kinds := []string{"add-voter", "add-learner", "remove"}
			c.change(node, c.random.IntN(2) == 0, kinds[c.random.IntN(3)], other)
		case 7:
			c.read(node, "k1", "read-index")
		case 8:
			c.inspect(node)
		default:
			c.put(node, fmt.Sprint("k", c.random.IntN(3)), fmt.Sprint("v", round))
		}
	}
	c.cut, c.loss, c.duplicate = func(string, string) bool { return false }, 0, 0
	for _, name := range c.names {
		if !c.members[name].up {
			c.restart(name)
		}
	}
	c.run(3000)
	c.expect(c.put(c.leader(), "end", "reached"), "ok", "null")
	c.run(1000)
	members := fmt.Sprint(c.members[c.leader()].state["configuration"])
	for _, name := range c.names {
		if store := c.inspect(name); strings.Contains(members, name) && store["end"] != "reached" {
			t.Fatalf("%s of %s holds %v", name, members, store)
		}
	}
	return c
}

func TestDisturbed(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		for seed := range uint64(60) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { disturb(t, seed, async) })
		}
	})
}

func TestSameSeedSameBytes(t *testing.T) {
	inBothModes(t, func(t *testing.T, async bool) {
		first, second, other := disturb(t, 5, async), disturb(t, 5, async), disturb(t, 6, async)
		if !bytes.Equal(first.transcript.Bytes(), second.transcript.Bytes()) {
			t.Fatal("two runs with one seed differ")
		}
		if bytes.Equal(first.transcript.Bytes(), other.transcript.Bytes()) {
			t.Fatal("two runs with different seeds are equal")
		}
	})
}

func TestRunsDoNotInfluenceEachOther(t *testing.T) {
	begin := func(h *handler, run int) string {
		return string(h.handle(fmt.Appendf(nil, `{"seq":1,"run":%d,"type":"start","start":{"nodes":["n1","n2"],`+
			`"configuration":{"voters":["n1","n2"],"outgoing":[],"learners":[]},"options":{"electionTimeout":300,`+
			`"heartbeatInterval":50,"preVote":false,"checkQuorum":false,"maxEntries":4,"maxInflight":4},"seed":9}}`, run)))
	}
	advance := func(h *handler, run int) string {
		return string(h.handle(fmt.Appendf(nil, `{"seq":2,"run":%d,"type":"steps","inputs":[`+
			`{"type":"advance","node":"n1","at":0,"until":5000}]}`, run)))
	}
	alone := newHandler(features{}, observedVersion)
	expected := begin(alone, 1) + advance(alone, 1)
	shared := newHandler(features{}, observedVersion)
	first := begin(shared, 1)
	begin(shared, 2)
	advance(shared, 2)
	if first += advance(shared, 1); first != expected {
		t.Fatalf("alone:\n%s\nbeside another run:\n%s", expected, first)
	}
}

// TestViewsSurvive sends each kind of view through encode, delivers it, and compares what the receiver reads.
func TestViewsSurvive(t *testing.T) {
	for _, view := range []string{
		`{"kind":"request-vote","term":3,"lastIndex":4,"lastTerm":2,"transfer":true}`,
		`{"kind":"pre-vote","term":3,"lastIndex":4,"lastTerm":2,"transfer":false}`,
		`{"kind":"request-vote-response","term":3,"granted":true}`,
		`{"kind":"pre-vote-response","term":3,"granted":false}`,
		`{"kind":"append-entries","term":3,"previousIndex":1,"previousTerm":1,"entries":[` +
			`{"kind":"empty","index":2,"term":2,"digest":""},{"kind":"command","index":3,"term":3,"digest":"a \"b\""},` +
			`{"kind":"configuration","index":4,"term":3,"digest":"joint add-voter n2 remove n1 #7"},` +
			`{"kind":"configuration","index":5,"term":3,"digest":"leave-joint"}],"commit":2,"round":0}`,
		`{"kind":"append-entries-response","term":3,"success":false,"index":9,"hint":4,"round":0}`,
		`{"kind":"heartbeat","term":3,"commit":1,"round":2}`,
		`{"kind":"heartbeat-response","term":3,"round":2}`,
		`{"kind":"install-snapshot","term":3,"lastIndex":9,"lastTerm":3,"configuration":` +
			`{"voters":["n1","n2"],"outgoing":["n1"],"learners":[]},"digest":"whatever"}`,
		`{"kind":"timeout-now","term":3}`,
		`{"kind":"read-index","term":0,"request":"7"}`,
		`{"kind":"read-index-response","term":3,"request":"7","index":4}`,
	} {
		c := start(t, settings{nodes: names(2)})
		var reply struct{ Message outputView }
		c.ask(&reply, map[string]any{"type": "encode", "from": "n2", "to": "n1", "view": rawJSON(view)})
		if string(reply.Message.View) != view {
			t.Errorf("encoded %s\nas %s", view, reply.Message.View)
		}
		if a := c.step("n1", map[string]any{"type": "deliver", "message": reply.Message.ID}); string(a.Received) != view {
			t.Errorf("sent %s\nreceived %s", view, a.Received)
		}
	}
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func TestPanicEndsTheNode(t *testing.T) {
	c := start(t, settings{nodes: names(2)})
	var reply struct{ Message outputView }
	// A heartbeat that commits what the follower never had: the library panics.
	c.ask(&reply, map[string]any{"type": "encode", "from": "n2", "to": "n1",
		"view": rawJSON(`{"kind":"heartbeat","term":3,"commit":9,"round":0}`)})
	var steps struct{ Answers []answerView }
	deliver := map[string]any{"type": "deliver", "node": "n1", "at": 0, "message": reply.Message.ID}
	c.ask(&steps, map[string]any{"type": "steps", "inputs": []any{deliver, deliver}})
	for _, a := range steps.Answers {
		if a.Error == nil || a.Error.Kind != "panic" || !strings.Contains(a.Error.Text, "out of range") {
			t.Fatalf("%+v", a)
		}
	}
}

func TestMalformedLines(t *testing.T) {
	h := newHandler(features{}, observedVersion)
	for line, expected := range map[string]string{
		`{"seq":1`:                     `"kind":"definite"`,
		`[]`:                           `"kind":"definite"`,
		`{"seq":2,"type":"nonsense"}`:  `"seq":2,"error":{"kind":"unsupported"`,
		`{"seq":3,"run":9,"type":"x"}`: `"seq":3,"run":9,"error":{"kind":"definite"`,
	} {
		if answer := string(h.handle([]byte(line))); !strings.Contains(answer, expected) {
			t.Errorf("%s is answered by %s", line, answer)
		}
	}
}

// With AsyncStorageWrites a candidate may, by the library's documentation, ask for votes at once. It may then lead
// before its own term and vote are durable, lose them in a crash, and lead in the same term again, with another log:
// two entries of one index and term. Votes that wait for the candidate's own write prevent it.
func TestCandidateThatForgetsItsTerm(t *testing.T) {
	for _, hold := range []bool{false, true} {
		t.Run(fmt.Sprintf("hold-votes=%v", hold), func(t *testing.T) {
			c := start(t, settings{nodes: names(3), async: true, holdVotes: hold, seed: 1, inflight: 4, maxEntries: 16})
			exchange := func(others ...string) {
				for _, other := range others {
					c.hand("n1", other)
					c.write(other)
					c.hand(other, "n1")
				}
			}
			elect := func(voters ...string) {
				c.elapse("n1")
				exchange(voters...)
			}
			elect("n2", "n3")
			c.put("n1", "x", "v1")
			exchange("n2", "n2")
			c.crashKeeping("n1", 0)
			c.events = nil
			c.restart("n1")
			elect("n3")
			c.write("n1")
			if hold {
				if len(c.members["n2"].log) > 0 {
					t.Fatal("led before its vote was durable")
				}
				return
			}
			c.put("n1", "y", "v2")
			c.write("n1")
			one, two := c.members["n1"].log, c.members["n2"].log
			if c.members["n1"].number("term") != 2 || one[1].Term != two[1].Term || one[1].Digest == two[1].Digest {
				t.Fatalf("the library has changed: n1 holds %v, n2 %v", one, two)
			}
		})
	}
}
