package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// cluster drives one run through the line handler, as the suite does: it owns time, network and disk, and checks
// whatever must hold of any run.
type cluster struct {
	t       *testing.T
	handler *handler
	random  *rand.Rand
	seq     int
	now     int64
	names   []string
	members map[string]*member
	events  []*event
	counter int

	// Faults: probabilities for messages, and links that are cut.
	loss, duplicate float64
	delay           int64
	disk            int64
	cut             func(from, to string) bool

	results    map[int64]outcome
	leaders    map[int64]string
	committed  map[int64]entryView
	transcript bytes.Buffer
	operations int64
}

type member struct {
	name    string
	up      bool
	wake    *int64
	state   map[string]any
	base    int64
	log     []entryView
	applied int64
	// Writes that are not durable, and messages that wait for them.
	writes []outputView
	held   []outputView
	store  map[string]string
}

type outcome struct {
	Operation             int64
	Status, Value, Reason string
}

type entryView struct {
	Index, Term  int64
	Kind, Digest string
}

type positionView struct{ Index, Term int64 }

type deltaView struct {
	Restore  *positionView
	Truncate *int64
	Append   []entryView
	Compact  *positionView
}

type outputView struct {
	Type      string
	ID        int64
	From, To  string
	After     int64
	View      json.RawMessage
	Sync      bool
	Contents  json.RawMessage
	Index     int64
	Term      int64
	Digest    string
	Operation int64
	Status    string
	Value     *string
	Reason    string
}

type answerView struct {
	Now      int64
	Wake     *int64
	Outputs  []outputView
	State    map[string]any
	Log      *deltaView
	Received json.RawMessage
	Error    *struct{ Kind, Text string }
}

type event struct {
	at      int64
	order   int
	message *outputView
	written int64
	node    string
}

type settings struct {
	nodes, voters           []string
	preVote, checkQuorum    bool
	maxEntries, inflight    int
	async, holdVotes, lease bool
	seed                    uint64
	loss, duplicate         float64
	delay, disk             int64
}

func start(t *testing.T, s settings) *cluster {
	t.Helper()
	if s.voters == nil {
		s.voters = s.nodes
	}
	c := &cluster{
		t: t, handler: newHandler(features{async: s.async, holdVotes: s.holdVotes, lease: s.lease}, observedVersion), names: s.nodes,
		random: rand.New(rand.NewPCG(s.seed, 1)), members: map[string]*member{}, results: map[int64]outcome{},
		leaders: map[int64]string{}, committed: map[int64]entryView{},
		loss: s.loss, duplicate: s.duplicate, delay: max(s.delay, 1), disk: s.disk,
		cut: func(string, string) bool { return false },
	}
	var reply struct{ Answers []answerView }
	c.ask(&reply, map[string]any{"type": "start", "start": map[string]any{
		"nodes":         s.nodes,
		"configuration": map[string]any{"voters": s.voters, "outgoing": []string{}, "learners": []string{}},
		"options": map[string]any{
			"electionTimeout": 300, "heartbeatInterval": 50, "preVote": s.preVote, "checkQuorum": s.checkQuorum,
			"maxEntries": max(s.maxEntries, 1), "maxInflight": max(s.inflight, 1),
		},
		"seed": s.seed,
	}})
	for i, name := range s.nodes {
		c.members[name] = &member{name: name, up: true, state: map[string]any{}}
		c.took(name, 0, 0, reply.Answers[i])
	}
	return c
}

func (c *cluster) ask(reply any, request map[string]any) {
	c.t.Helper()
	c.seq++
	request["seq"], request["run"] = c.seq, 1
	line, err := json.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	answer := c.handler.handle(line)
	c.transcript.Write(answer)
	var refusal struct{ Error *struct{ Kind, Text string } }
	if err := json.Unmarshal(answer, &refusal); err != nil {
		c.t.Fatalf("%v in the answer to %s: %s", err, line, answer)
	}
	if refusal.Error != nil {
		c.t.Fatalf("%s was refused: %s", line, refusal.Error.Text)
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		c.t.Fatalf("%v in the answer to %s: %s", err, line, answer)
	}
}

// step gives one input, and checks its answer.
func (c *cluster) step(node string, input map[string]any) answerView {
	c.t.Helper()
	input["node"], input["at"] = node, c.now
	var reply struct{ Answers []answerView }
	c.ask(&reply, map[string]any{"type": "steps", "inputs": []any{input}})
	until := c.now
	if input["type"] == "advance" {
		until = input["until"].(int64)
	}
	c.took(node, c.now, until, reply.Answers[0])
	return reply.Answers[0]
}

func (c *cluster) took(node string, at, until int64, a answerView) {
	c.t.Helper()
	m := c.members[node]
	if a.Error != nil {
		c.t.Fatalf("%s at %d: %s", node, at, a.Error.Text)
	}
	if a.Now < at || a.Now > until || a.Wake != nil && *a.Wake < a.Now {
		c.t.Fatalf("%s at %d: now %d, wake %v", node, at, a.Now, a.Wake)
	}
	m.wake = a.Wake
	for _, o := range a.Outputs {
		c.output(m, o)
	}
	if a.Log != nil {
		c.fold(m, a.Log)
	}
	for field, value := range a.State {
		m.state[field] = value
	}
	if m.up {
		c.check(m)
	}
}

func (c *cluster) output(m *member, o outputView) {
	switch o.Type {
	case "message":
		if slices.ContainsFunc(m.writes, func(w outputView) bool { return w.ID == o.After }) {
			m.held = append(m.held, o)
		} else {
			c.dispatch(o)
		}
	case "write":
		m.writes = append(m.writes, o)
		c.schedule(&event{at: c.now + c.random.Int64N(c.disk+1), node: m.name, written: o.ID})
	case "apply":
		if o.Index != m.applied+1 {
			c.t.Fatalf("%s applies %d after %d", m.name, o.Index, m.applied)
		}
		m.applied = o.Index
	case "restore":
		m.applied = o.Index
	case "result":
		if _, twice := c.results[o.Operation]; twice {
			c.t.Fatalf("operation %d is answered twice", o.Operation)
		}
		r := outcome{o.Operation, o.Status, "null", o.Reason}
		if o.Value != nil {
			r.Value = *o.Value
		}
		c.results[o.Operation] = r
	}
}

func (c *cluster) dispatch(o outputView) {
	for range 1 + btoi(c.random.Float64() < c.duplicate) {
		if c.random.Float64() >= c.loss {
			c.schedule(&event{at: c.now + 1 + c.random.Int64N(c.delay), node: o.To, message: &o})
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *cluster) schedule(e *event) {
	c.counter++
	e.order = c.counter
	c.events = append(c.events, e)
}

// fold keeps the log as the deltas tell it.
func (c *cluster) fold(m *member, d *deltaView) {
	if d.Restore != nil {
		m.base, m.log = d.Restore.Index, nil
	}
	if d.Truncate != nil {
		m.log = m.log[:*d.Truncate-m.base]
	}
	for _, e := range d.Append {
		if e.Index != m.base+int64(len(m.log))+1 {
			c.t.Fatalf("%s appends %d behind %d", m.name, e.Index, m.base+int64(len(m.log)))
		}
		m.log = append(m.log, e)
	}
	if d.Compact != nil {
		m.log = m.log[d.Compact.Index-m.base:]
		m.base = d.Compact.Index
	}
}

func (m *member) number(field string) int64 { return int64(m.state[field].(float64)) }
func (m *member) role() string              { return m.state["role"].(string) }

// check holds the state of one member against what all have shown so far.
func (c *cluster) check(m *member) {
	c.t.Helper()
	term, commit := m.number("term"), m.number("commit")
	if m.role() == "leader" {
		if other, taken := c.leaders[term]; taken && other != m.name {
			c.t.Fatalf("%s and %s lead in term %d", other, m.name, term)
		}
		c.leaders[term] = m.name
	}
	if last := m.base + int64(len(m.log)); commit > last {
		c.t.Fatalf("%s committed %d of a log up to %d", m.name, commit, last)
	}
	for _, e := range m.log[:commit-m.base] {
		if known, ok := c.committed[e.Index]; ok && known != e {
			c.t.Fatalf("%s committed %v, but %v was", m.name, e, known)
		}
		c.committed[e.Index] = e
	}
}

// inspect compares what was told of a node with the whole.
func (c *cluster) inspect(node string) map[string]string {
	c.t.Helper()
	var reply struct {
		Inspection struct {
			State   map[string]any
			Base    positionView
			Entries []entryView
			Store   [][2]string
		}
	}
	c.ask(&reply, map[string]any{"type": "inspect", "node": node})
	m := c.members[node]
	if whole := reply.Inspection; !reflect.DeepEqual(whole.State, m.state) {
		c.t.Fatalf("%s: state %v, told %v", node, whole.State, m.state)
	} else if whole.Base.Index != m.base || !slices.Equal(whole.Entries, m.log) {
		c.t.Fatalf("%s: log %v %v, told %v %v", node, whole.Base, whole.Entries, m.base, m.log)
	}
	store := map[string]string{}
	for _, pair := range reply.Inspection.Store {
		store[pair[0]] = pair[1]
	}
	return store
}

// run lets time pass.
func (c *cluster) run(duration int64) {
	c.t.Helper()
	for end := c.now + duration; ; {
		next := end
		var due *event
		for _, e := range c.events {
			if e.at <= next && (due == nil || e.at < due.at || e.at == due.at && e.order < due.order) {
				due, next = e, e.at
			}
		}
		sleeper := ""
		for _, name := range c.names {
			if m := c.members[name]; m.up && m.wake != nil && *m.wake < next {
				sleeper, next = name, *m.wake
			}
		}
		c.now = max(c.now, next)
		switch {
		case sleeper != "":
			c.step(sleeper, map[string]any{"type": "advance", "until": c.now})
		case due == nil:
			return
		default:
			c.events = slices.DeleteFunc(c.events, func(e *event) bool { return e == due })
			c.happen(due)
		}
	}
}

func (c *cluster) happen(e *event) {
	c.t.Helper()
	m := c.members[e.node]
	switch {
	case !m.up:
	case e.message != nil:
		if c.cut(e.message.From, e.message.To) {
			return
		}
		a := c.step(e.node, map[string]any{"type": "deliver", "message": e.message.ID})
		if !bytes.Equal(a.Received, e.message.View) {
			c.t.Fatalf("sent %s, received %s", e.message.View, a.Received)
		}
	case slices.ContainsFunc(m.writes, func(w outputView) bool { return w.ID == e.written }):
		// Writes become durable in order, at the latest with this one.
		var ids []int64
		m.writes = slices.DeleteFunc(m.writes, func(w outputView) bool {
			if w.ID <= e.written {
				ids = append(ids, w.ID)
			}
			return w.ID <= e.written
		})
		held := m.held
		m.held = nil
		for _, o := range held {
			if o.After <= e.written {
				c.dispatch(o)
			} else {
				m.held = append(m.held, o)
			}
		}
		c.step(e.node, map[string]any{"type": "written", "writes": ids})
	}
}

// crash keeps a random prefix of the writes under way.
func (c *cluster) crash(node string) {
	c.t.Helper()
	c.crashKeeping(node, c.random.IntN(len(c.members[node].writes)+1))
}

func (c *cluster) crashKeeping(node string, count int) {
	c.t.Helper()
	m := c.members[node]
	keep := []int64{}
	for _, w := range m.writes[:count] {
		keep = append(keep, w.ID)
	}
	m.up, m.writes, m.held = false, nil, nil
	a := c.step(node, map[string]any{"type": "crash", "keep": keep, "torn": 0})
	if len(a.Outputs) > 0 || a.Wake != nil {
		c.t.Fatalf("%s speaks in a crash", node)
	}
}

func (c *cluster) restart(node string) {
	c.t.Helper()
	m := c.members[node]
	m.up, m.state = true, map[string]any{}
	m.applied = 0
	c.step(node, map[string]any{"type": "restart"})
}

func (c *cluster) operate(node string, operation map[string]any) int64 {
	c.t.Helper()
	c.operations++
	c.step(node, map[string]any{"type": "operation", "id": c.operations, "operation": operation})
	return c.operations
}

func (c *cluster) put(node, key, value string) int64 {
	c.t.Helper()
	return c.operate(node, map[string]any{"type": "propose", "command": map[string]any{
		"type": "put", "key": key, "value": value,
	}})
}

func (c *cluster) read(node, key, by string) int64 {
	c.t.Helper()
	return c.operate(node, map[string]any{"type": "read", "key": key, "by": by})
}

func (c *cluster) change(node string, joint bool, changes ...string) int64 {
	c.t.Helper()
	var list []map[string]any
	for i := 0; i < len(changes); i += 2 {
		list = append(list, map[string]any{"type": changes[i], "node": changes[i+1]})
	}
	return c.operate(node, map[string]any{"type": "change-membership", "changes": list, "joint": joint})
}

// leader waits for one, of the highest term.
func (c *cluster) leader() string {
	c.t.Helper()
	for range 100 {
		best := ""
		for _, name := range c.names {
			m := c.members[name]
			if m.up && m.role() == "leader" && (best == "" || m.number("term") > c.members[best].number("term")) {
				best = name
			}
		}
		if best != "" {
			return best
		}
		c.run(100)
	}
	c.t.Fatal("no leader")
	return ""
}

// expect runs until the operation is answered.
func (c *cluster) expect(id int64, status, value string) {
	c.t.Helper()
	for range 100 {
		if r, ok := c.results[id]; ok {
			if r.Status != status || r.Value != value {
				c.t.Fatalf("operation %d ended with %v, expected %s %s", id, r, status, value)
			}
			return
		}
		c.run(20)
	}
	c.t.Fatalf("operation %d is not answered", id)
}

func names(count int) (list []string) {
	for i := range count {
		list = append(list, fmt.Sprintf("n%d", i+1))
	}
	return list
}

// elapse lets one node's clock run to its next wake-up, and the harness's with it.
func (c *cluster) elapse(node string) {
	c.t.Helper()
	c.now = *c.members[node].wake
	c.step(node, map[string]any{"type": "advance", "until": c.now})
}

// hand delivers what is under way on one link, and write acknowledges what a node writes; nothing else happens.
func (c *cluster) hand(from, to string) {
	c.t.Helper()
	c.happenAll(func(e *event) bool { return e.message != nil && e.message.From == from && e.node == to })
}

func (c *cluster) write(node string) {
	c.t.Helper()
	c.happenAll(func(e *event) bool { return e.message == nil && e.node == node })
}

func (c *cluster) happenAll(chosen func(e *event) bool) {
	c.t.Helper()
	for {
		i := slices.IndexFunc(c.events, chosen)
		if i < 0 {
			return
		}
		e := c.events[i]
		c.events = slices.Delete(c.events, i, i+1)
		c.happen(e)
	}
}
