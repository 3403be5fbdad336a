package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// asAdapter makes the test binary the adapter itself.
const asAdapter = "SWARMCHECK_TEST_AS_ADAPTER"

func TestMain(m *testing.M) {
	if os.Getenv(asAdapter) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestPresetMembersKnowEachOther(t *testing.T) {
	c := start(t, 4, 3, local(), 1)
	for _, name := range c.names[:3] {
		for _, other := range c.names[:3] {
			if r := c.members[name].table[other]; r.Status != "alive" || r.Incarnation != 1 || r.Address != c.members[other].table[other].Address {
				t.Fatalf("%s holds %s for %+v", name, other, r)
			}
		}
	}
	if len(c.members["n1"].table) != 3 || len(c.members["n4"].table) != 1 {
		t.Fatalf("%v, %v", c.members["n1"].table, c.members["n4"].table)
	}
	c.run(20_000)
	c.inspect()
	if c.kinds["ping"] < 3*15 || c.kinds["gossip"] > 0 || c.kinds["indirect-ping"] > 0 || len(c.told) > 0 {
		t.Fatalf("members who know each other do not only ping: %v, %v", c.kinds, c.told)
	}
}

func TestJoin(t *testing.T) {
	c := start(t, 3, 0, local(), 2)
	if len(c.members["n1"].table) != 1 {
		t.Fatal("n1 knows somebody")
	}
	c.expect(c.join("n2", "n1"), "ok", "")
	c.expect(c.join("n3", "n1"), "ok", "")
	c.eventually("all know all", func() bool {
		return c.everybodyHolds("n1", "alive")() && c.everybodyHolds("n2", "alive")() && c.everybodyHolds("n3", "alive")()
	})
	c.inspect()
	for _, expected := range []string{"n1: join n2", "n2: join n3", "n3: join n1"} {
		if count := slices.IndexFunc(c.told, func(told string) bool { return strings.HasPrefix(told, expected) }); count < 0 {
			t.Fatalf("not told %s: %v", expected, c.told)
		}
	}
	if c.kinds["push-pull"] != 2 || c.kinds["push-pull-reply"] != 2 {
		t.Fatal(c.kinds)
	}
}

// A crash is suspected by whoever probes, and found by all when the suspicion ends, both at the right time.
func TestCrashIsDetected(t *testing.T) {
	c := start(t, 5, 5, local(), 3)
	c.run(3000)
	c.crash("n5")
	crashed := c.now
	c.eventually("a suspicion", func() bool { return c.status("n1", "n5") == "suspect" })
	if after := c.now - crashed; after < 1000 {
		t.Fatalf("suspected after %d ms", after)
	}
	suspected := c.now
	c.inspect()
	c.eventually("death", c.everybodyHolds("n5", "dead"))
	// Four probe intervals at least; three times that at most, and a while for the news.
	if after := c.now - suspected; after < 3000 || after > 13_000 {
		t.Fatalf("dead %d ms after it was suspected", after)
	}
	if !slices.Contains(c.told, `n1: leave n5 ""`) || c.kinds["indirect-ping"] == 0 || c.kinds["nack"] == 0 {
		t.Fatalf("%v %v", c.told, c.kinds)
	}
	c.run(40_000)
	if status := c.status("n1", "n5"); status != "" {
		t.Fatal("n1 still holds n5 for", status)
	}
	c.inspect()
}

func accusation(of, from string, incarnation int) map[string]any {
	return map[string]any{"status": "suspect", "node": of, "incarnation": incarnation, "from": from, "address": "", "meta": ""}
}

func TestRefutation(t *testing.T) {
	c := start(t, 3, 3, local(), 4)
	message := c.encode("n2", "n1", map[string]any{"kind": "gossip", "gossip": []any{accusation("n1", "n2", 5)}})
	c.happen(message)
	if m := c.members["n1"]; m.number("incarnation") != 6 || m.number("score") != 1 || m.table["n1"].Incarnation != 6 {
		t.Fatal(m.state, m.table["n1"])
	}
	c.eventually("that all know", func() bool {
		return c.members["n2"].table["n1"].Incarnation == 6 && c.members["n3"].table["n1"].Incarnation == 6
	})
	c.eventually("health", func() bool { return c.members["n1"].number("score") == 0 })
}

// Who is suspected only because nobody hears from it comes back as soon as it is heard of.
func TestSuspectComesBack(t *testing.T) {
	c := start(t, 3, 3, local(), 5)
	c.cut = func(o output) bool { return o.From == "n3" }
	c.eventually("a suspicion", func() bool { return c.status("n1", "n3") == "suspect" })
	c.cut = func(output) bool { return false }
	c.eventually("its refutation", c.everybodyHolds("n3", "alive"))
	if m := c.members["n3"]; m.number("incarnation") < 2 || c.members["n1"].table["n3"].Incarnation != m.number("incarnation") {
		t.Fatal(m.state, c.members["n1"].table["n3"])
	}
}

func TestLeave(t *testing.T) {
	c := start(t, 4, 4, local(), 6)
	first := c.operate("n4", map[string]any{"type": "leave"})
	second := c.operate("n4", map[string]any{"type": "leave"})
	if m := c.members["n4"]; m.state["leaving"] != true || m.table["n4"].Status != "left" {
		t.Fatal(m.state, m.table)
	}
	c.expect(first, "ok", "")
	c.expect(second, "ok", "")
	c.eventually("that all know", c.everybodyHolds("n4", "left"))
	c.expect(c.operate("n4", map[string]any{"type": "leave"}), "ok", "")
	c.expect(c.operate("n4", map[string]any{"type": "update", "meta": "x"}), "failed", "left")
	c.run(60_000)
	if len(c.members["n4"].table) != 3 || len(c.members["n1"].table) != 3 {
		t.Fatal("who left is still remembered", c.members["n4"].table)
	}
	c.inspect()
}

func TestUpdate(t *testing.T) {
	c := start(t, 3, 3, local(), 7)
	const meta = "a \"quoted\" µ"
	c.expect(c.operate("n2", map[string]any{"type": "update", "meta": meta}), "ok", "")
	c.eventually("that all know", func() bool {
		r := c.members["n1"].table["n2"]
		return r.Meta == meta && r.Incarnation == 2 && c.members["n3"].table["n2"] == r
	})
	if !slices.Contains(c.told, fmt.Sprintf("n1: update n2 %q", meta)) {
		t.Fatal(c.told)
	}
	c.expect(c.operate("n2", map[string]any{"type": "update", "meta": strings.Repeat("x", 513)}), "failed", "meta-too-long")
}

// Tables are exchanged at the library's own time, and tell what no datagram could.
func TestPushPull(t *testing.T) {
	c := start(t, 3, 3, local().with(options{"pushPullInterval": 2000, "streamPing": true}), 8)
	c.cut = func(o output) bool { return o.Stream == 0 }
	c.operate("n2", map[string]any{"type": "update", "meta": "m"})
	c.eventually("that all know", func() bool { return c.members["n1"].table["n2"].Meta == "m" && c.members["n3"].table["n2"].Meta == "m" })
	c.run(20_000)
	if c.kinds["push-pull"] < 3*8 || c.kinds["stream-ack"] == 0 {
		t.Fatal(c.kinds)
	}
	for _, name := range c.names {
		if !c.everybodyHolds(name, "alive")() {
			t.Fatalf("%s is not alive, though it answers on streams", name)
		}
	}
	c.inspect()
}

func TestJoinFails(t *testing.T) {
	c := start(t, 3, 0, local(), 9)
	c.crash("n1")
	c.expect(c.join("n2", "n1"), "failed", "refused")
	c.cut = func(o output) bool { return o.To == "n3" }
	before := c.now
	id := c.join("n2", "n3")
	c.expect(id, "unknown", "timeout")
	if after := c.now - before; after < 1000 || after > 1020 {
		t.Fatalf("gives up after %d ms", after)
	}
	c.cut = func(output) bool { return false }
	c.expect(c.join("n2", "n1", "n3"), "ok", "")
}

func TestRestart(t *testing.T) {
	c := start(t, 3, 3, local(), 10)
	c.operate("n3", map[string]any{"type": "update", "meta": "old"})
	c.run(2000)
	c.crash("n3")
	c.eventually("its death", c.everybodyHolds("n3", "dead"))
	c.restart("n3")
	if c.members["n3"].table["n3"].Meta != "" {
		t.Fatal("remembers what it told of itself")
	}
	c.expect(c.join("n3", "n1"), "ok", "")
	c.eventually("its return", c.everybodyHolds("n3", "alive"))
	if c.members["n3"].number("incarnation") < 3 {
		t.Fatal("it did not refute what was said of its former life:", c.members["n3"].state)
	}
	c.inspect()
}

// Each node has a clock of its own.
func TestClocks(t *testing.T) {
	// Among three the library leaves out a period where it is itself the last of a round and the first of the next.
	c := start(t, 4, 4, local(), 11)
	c.members["n1"].rate = 2
	c.keep = true
	c.run(20_000)
	pings := map[string]int{}
	for _, o := range c.sends {
		if o.view().Kind == "ping" {
			pings[o.From]++
		}
	}
	// One probe a second of its own.
	if pings["n1"] < 38 || pings["n1"] > 40 || pings["n2"] < 18 || pings["n2"] > 20 {
		t.Fatal(pings)
	}
	if now := c.members["n1"].now; now < 39_000 {
		t.Fatal("n1 is at", now)
	}
	if !c.everybodyHolds("n1", "alive")() || !c.everybodyHolds("n2", "alive")() {
		t.Fatal("a fast clock makes suspects")
	}
}

func TestConflict(t *testing.T) {
	c := start(t, 3, 2, local(), 12)
	alive := map[string]any{"status": "alive", "node": "n2", "incarnation": 7, "from": "n2", "address": "10.9.9.9:7946", "meta": "m"}
	c.happen(c.encode("n2", "n1", map[string]any{"kind": "gossip", "gossip": []any{alive}}))
	if c.members["n1"].table["n2"].Incarnation != 1 || !slices.Contains(c.told, `n1: conflict n2 "m"`) {
		t.Fatal(c.members["n1"].table, c.told)
	}
}

// One node alone can be spoken to in every kind of message.
func TestEncode(t *testing.T) {
	for _, compress := range []bool{false, true} {
		c := startOn(t, newHandler(t, compress, observedVersion), 1, 3, 3, local(), 13)
		c.keep = true
		hears := func(view map[string]any, kinds ...string) []output {
			t.Helper()
			c.sends = nil
			c.happen(c.encode("n2", "n1", view))
			var heard []string
			for _, o := range c.sends {
				heard = append(heard, o.view().Kind+" to "+o.To)
			}
			if !slices.Equal(heard, kinds) {
				t.Fatalf("%v is answered by %v", view, heard)
			}
			return c.sends
		}
		gossip := []any{}
		answer := hears(map[string]any{"kind": "ping", "sequence": 77, "target": "n1", "gossip": []any{accusation("n3", "n2", 1)}}, "ack to n2")
		if v := answer[0].view(); v.Sequence != 77 || len(v.Gossip) != 0 && v.Gossip[0].Node != "n3" || c.status("n1", "n3") != "suspect" {
			t.Fatalf("%+v", v)
		}
		hears(map[string]any{"kind": "ping", "sequence": 78, "target": "n3", "gossip": gossip})
		answer = hears(map[string]any{"kind": "indirect-ping", "sequence": 79, "target": "n3", "nack": true, "gossip": gossip}, "ping to n3")
		c.now += 200
		relayed := answer[0].view().Sequence
		if wake := *c.members["n1"].wake; wake > c.now {
			t.Fatal("no wake-up for the nack:", wake)
		}
		c.sends = nil
		c.step("n1", map[string]any{"type": "advance", "until": c.now})
		if !slices.ContainsFunc(c.sends, func(o output) bool { return o.view().Kind == "nack" && o.view().Sequence == 79 && o.To == "n2" }) {
			t.Fatalf("no nack: %v", c.sends)
		}
		hears(map[string]any{"kind": "ack", "sequence": relayed, "gossip": gossip})
		hears(map[string]any{"kind": "nack", "sequence": 5, "gossip": gossip})
		hears(map[string]any{"kind": "stream-ping", "sequence": 80, "target": "n1"}, "stream-ack to n2")
		hears(map[string]any{"kind": "stream-ping", "sequence": 81, "target": "n3"})
		members := []any{
			map[string]any{"node": "n2", "status": "alive", "incarnation": 3, "address": "10.0.0.2:7946", "meta": "m"},
			map[string]any{"node": "n9", "status": "left", "incarnation": 4, "address": "10.0.0.9:7946", "meta": ""},
		}
		hears(map[string]any{"kind": "push-pull", "join": false, "members": members}, "push-pull-reply to n2")
		if r := c.members["n1"].table["n2"]; r.Incarnation != 3 || r.Meta != "m" || len(c.members["n1"].table) != 3 {
			t.Fatal(c.members["n1"].table)
		}
		c.join("n1", "n2")
		c.happen(c.encode("n2", "n1", map[string]any{"kind": "push-pull-reply", "join": true, "members": members}))
		if c.results[c.operations].Status != "ok" {
			t.Fatal("the answer to the table was not taken")
		}
		if refusal := c.try(nil, map[string]any{"type": "encode", "from": "n2", "to": "n1", "view": map[string]any{"kind": "stream-ack", "sequence": 1}}); !strings.HasPrefix(refusal, "definite") {
			t.Fatalf("an answer without a stream: %s", refusal)
		}
		if refusal := c.try(nil, map[string]any{"type": "encode", "from": "n2", "to": "n1", "view": map[string]any{"kind": "song", "gossip": gossip}}); !strings.HasPrefix(refusal, "unsupported") {
			t.Fatal(refusal)
		}
		c.ask(&struct{}{}, map[string]any{"type": "end"})
	}
}

func TestRunsDoNotMeet(t *testing.T) {
	h := newHandler(t, false, observedVersion)
	first := startOn(t, h, 1, 3, 3, local(), 14)
	second := startOn(t, h, 2, 3, 3, local(), 14)
	for range 20 {
		first.run(500)
		second.run(700)
	}
	first.crash("n1")
	first.run(20_000)
	second.run(20_000)
	if first.status("n2", "n1") != "dead" || second.status("n2", "n1") != "alive" {
		t.Fatal(first.status("n2", "n1"), second.status("n2", "n1"))
	}
	first.ask(&struct{}{}, map[string]any{"type": "end"})
	second.run(1000)
	if refusal := first.try(nil, map[string]any{"type": "inspect", "node": "n2"}); refusal != "definite: no run 1" {
		t.Fatal(refusal)
	}
	third := startOn(t, h, 3, 2, 2, local(), 15)
	third.run(5000)
	third.inspect()
}

func TestRefusedInputs(t *testing.T) {
	c := start(t, 2, 2, local(), 16)
	for _, input := range []map[string]any{
		{"type": "deliver", "message": 99},
		{"type": "operation", "id": 1, "operation": map[string]any{"type": "sing"}},
		{"type": "operation", "id": 1, "operation": map[string]any{"type": "join", "to": []string{"n7"}}},
		{"type": "restart"},
		{"type": "sing"},
	} {
		input["node"], input["at"] = "n1", 5
		var reply struct{ Answers []answerView }
		c.ask(&reply, map[string]any{"type": "steps", "inputs": []any{input}})
		if a := reply.Answers[0]; a.Error == nil || a.Error.Kind != "unsupported" || a.Wake == nil || *a.Wake != 1000 {
			t.Fatalf("%v is answered by %+v", input, a)
		}
	}
	c.run(3000)
	c.inspect()
}

// disturb makes a long run with every fault and operation.
func disturb(t *testing.T, seed uint64, compress bool) *cluster {
	t.Helper()
	o := local().with(options{
		"pushPullInterval": 3000 * (seed % 3), "streamPing": seed%2 == 0, "gossipToTheDead": 4000,
		"probeInterval": 300 + 70*(seed%5), "probeTimeout": 100, "suspicionMult": 3 + seed%3,
	})
	c := startOn(t, newHandler(t, compress, observedVersion), 1, 6, 5, o, seed)
	c.loss, c.duplicate, c.delay = 0.1, 0.05, 40
	left := map[string]bool{}
	for round := range 80 {
		c.run(c.random.Int64N(600))
		node, other := c.names[c.random.IntN(6)], c.names[c.random.IntN(6)]
		m := c.members[node]
		switch c.random.IntN(12) {
		case 0:
			if m.up {
				c.crash(node)
			}
		case 1, 2:
			if !m.up {
				c.restart(node)
				left[node] = false
			}
			if m.up && other != node {
				c.join(node, other)
			}
		case 3:
			if m.up && round%4 == 0 {
				c.operate(node, map[string]any{"type": "leave"})
				left[node] = true
			}
		case 4:
			if m.up {
				c.operate(node, map[string]any{"type": "update", "meta": fmt.Sprint("m", round)})
			}
		case 5:
			c.cut = func(o output) bool { return (o.From == node) != (o.To == node) }
		case 6:
			c.cut = func(o output) bool { return o.From == node && o.Stream == 0 }
		case 7, 8:
			c.cut = func(output) bool { return false }
		case 9:
			m.rate = 0.9 + 0.2*c.random.Float64()
		case 10:
			// An advance that ends before the node wants to wake up brings nothing.
			if at := m.clock(c.now); m.up && m.wake != nil && *m.wake > at+1 {
				a := c.step(node, map[string]any{"type": "advance", "until": at + c.random.Int64N(*m.wake-at)})
				c.now = max(c.now, int64(float64(a.Now)/m.rate))
			}
		}
		c.inspect()
		for _, each := range c.names {
			if own, known := c.members[each].table[each]; c.members[each].up && known && (own.Status == "alive") == left[each] {
				t.Fatalf("%s, left %v, holds itself for %s", each, left[each], own.Status)
			}
		}
	}
	return c
}

func TestDisturbances(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(30) {
		c := disturb(t, seed, seed%5 == 0)
		for kind, count := range c.kinds {
			kinds[kind] += count
		}
		c.ask(&struct{}{}, map[string]any{"type": "end"})
	}
	for _, kind := range []string{"ping", "indirect-ping", "ack", "nack", "gossip", "push-pull", "push-pull-reply", "stream-ping", "stream-ack"} {
		if kinds[kind] < 30 {
			t.Fatalf("hardly any %s: %v", kind, kinds)
		}
	}
}
