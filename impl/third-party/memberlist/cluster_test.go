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

// cluster drives one run through the line handler, as the suite does: it owns time and network, and checks whatever
// must hold of any run.
type cluster struct {
	t       *testing.T
	handler *handler
	number  int
	random  *rand.Rand
	seq     int
	now     int64
	names   []string
	members map[string]*member
	events  []*delivery
	counter int

	// Faults: probabilities for datagrams, and links that are cut.
	loss, duplicate float64
	delay           int64
	cut             func(o output) bool

	results    map[int64]outcome
	operations int64
	// What was seen, for tests to look at.
	kinds  map[string]int
	told   []string
	sends  []output
	keep   bool
	chosen options
}

type member struct {
	name string
	up   bool
	// Harness time at which its clock showed 0, and how fast it runs.
	rate  float64
	wake  *int64
	now   int64
	state map[string]any
	table map[string]recordView
}

type outcome struct{ Status, Reason string }

type recordView struct {
	Status, Node, Address, Meta string
	Incarnation                 int64
}

type updateView struct {
	Status, Node, From, Address, Meta string
	Incarnation                       int64
}

type viewView struct {
	Kind, Target string
	Sequence     int64
	Nack, Join   bool
	Gossip       []updateView
	Members      []recordView
}

type output struct {
	Type, From, To, Event, Node, Meta, Status, Reason string
	ID, Stream, Operation                             int64
	View                                              json.RawMessage
}

func (o output) view() (v viewView) {
	if err := json.Unmarshal(o.View, &v); err != nil {
		panic(err)
	}
	return v
}

type answerView struct {
	Now      int64
	Wake     *int64
	Outputs  []output
	State    map[string]any
	Members  []recordView
	Received json.RawMessage
	Error    *struct{ Kind, Text string }
}

type delivery struct {
	at      int64
	order   int
	message output
}

type options map[string]any

func local() options {
	return options{
		"probeInterval": 1000, "probeTimeout": 200, "indirectChecks": 2, "suspicionMult": 4, "suspicionMaxTimeoutMult": 3,
		"awarenessMaxMultiplier": 4, "retransmitMult": 3, "gossipInterval": 100, "gossipNodes": 2, "gossipToTheDead": 15000,
		"pushPullInterval": 0, "streamTimeout": 1000, "streamPing": false,
	}
}

func (o options) with(changes options) options {
	for name, value := range changes {
		o[name] = value
	}
	return o
}

func names(count int) (list []string) {
	for i := range count {
		list = append(list, fmt.Sprintf("n%d", i+1))
	}
	return list
}

// start makes a run of so many nodes, of which the first `members` know each other.
func start(t *testing.T, nodes, members int, o options, seed uint64) *cluster {
	t.Helper()
	return startOn(t, newHandler(t, false, observedVersion), 1, nodes, members, o, seed)
}

func startOn(t *testing.T, h *handler, number, nodes, members int, o options, seed uint64) *cluster {
	t.Helper()
	c := &cluster{
		t: t, handler: h, number: number, names: names(nodes), random: rand.New(rand.NewPCG(seed, 1)), members: map[string]*member{},
		delay: 10, cut: func(output) bool { return false }, results: map[int64]outcome{}, kinds: map[string]int{}, chosen: o,
	}
	var reply struct{ Answers []answerView }
	c.ask(&reply, map[string]any{"type": "start", "start": map[string]any{
		"nodes": c.names, "members": c.names[:members], "options": o, "seed": seed,
	}})
	for i, name := range c.names {
		m := &member{name: name, up: true, rate: 1, state: map[string]any{}, table: map[string]recordView{}}
		c.members[name] = m
		c.took(m, 0, 0, false, reply.Answers[i])
	}
	t.Cleanup(func() {
		if !t.Failed() && h.runs[int64(number)] != nil {
			c.ask(&struct{}{}, map[string]any{"type": "end"})
		}
	})
	return c
}

func (c *cluster) ask(reply any, request map[string]any) {
	c.t.Helper()
	if refusal := c.try(reply, request); refusal != "" {
		c.t.Fatalf("%v was refused: %s", request, refusal)
	}
}

func (c *cluster) try(reply any, request map[string]any) (refusal string) {
	c.t.Helper()
	c.seq++
	request["seq"], request["run"] = c.seq, c.number
	line, err := json.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	answer := c.handler.handle(line)
	var head struct {
		Seq, Run int
		Error    *struct{ Kind, Text string }
	}
	if err := json.Unmarshal(answer, &head); err != nil {
		c.t.Fatalf("%v in the answer to %s: %s", err, line, answer)
	}
	if head.Seq != c.seq || head.Run != c.number {
		c.t.Fatalf("%s answers %s", answer, line)
	}
	if head.Error != nil {
		return head.Error.Kind + ": " + head.Error.Text
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		c.t.Fatalf("%v in the answer to %s: %s", err, line, answer)
	}
	return ""
}

// clock is what a member's clock shows at the present.
func (m *member) clock(now int64) int64 { return max(m.now, int64(float64(now)*m.rate)) }

// step gives one input, and checks its answer.
func (c *cluster) step(node string, input map[string]any) answerView {
	c.t.Helper()
	m := c.members[node]
	at := m.clock(c.now)
	if given, ok := input["at"]; ok {
		at = given.(int64)
	}
	input["node"], input["at"] = node, at
	var reply struct{ Answers []answerView }
	c.ask(&reply, map[string]any{"type": "steps", "inputs": []any{input}})
	until := at
	if input["type"] == "advance" {
		until = input["until"].(int64)
	}
	c.took(m, at, until, input["type"] == "advance", reply.Answers[0])
	return reply.Answers[0]
}

func (c *cluster) took(m *member, at, until int64, advanced bool, a answerView) {
	c.t.Helper()
	if a.Error != nil {
		c.t.Fatalf("%s at %d: %s", m.name, at, a.Error.Text)
	}
	if a.Now < at || a.Now > until || a.Wake != nil && *a.Wake <= a.Now {
		c.t.Fatalf("%s at %d: now %d, wake %v", m.name, at, a.Now, a.Wake)
	}
	effect := len(a.Outputs) > 0 || len(a.State) > 0 || len(a.Members) > 0
	if advanced && effect && m.wake != nil && a.Now < *m.wake {
		c.t.Fatalf("%s at %d: wanted to wake up at %d, and did at %d: %+v", m.name, at, *m.wake, a.Now, a)
	}
	if advanced && effect && m.wake == nil {
		c.t.Fatalf("%s at %d: did not want to wake up, and did at %d: %+v", m.name, at, a.Now, a)
	}
	m.wake, m.now = a.Wake, a.Now
	for field, value := range a.State {
		m.state[field] = value
	}
	for _, each := range a.Members {
		if each.Status == "forgotten" {
			if _, known := m.table[each.Node]; !known {
				c.t.Fatalf("%s forgets %s twice", m.name, each.Node)
			}
			delete(m.table, each.Node)
		} else {
			if m.table[each.Node] == each {
				c.t.Fatalf("%s tells %v twice", m.name, each)
			}
			m.table[each.Node] = each
		}
	}
	for _, o := range a.Outputs {
		c.output(m, o)
	}
}

func (c *cluster) output(m *member, o output) {
	c.t.Helper()
	switch o.Type {
	case "message":
		v := o.view()
		c.kinds[v.Kind]++
		if o.From != m.name || c.members[o.To] == nil {
			c.t.Fatalf("%s sends %+v", m.name, o)
		}
		if _, streamed := map[string]bool{"push-pull": true, "push-pull-reply": true, "stream-ping": true, "stream-ack": true}[v.Kind]; streamed != (o.Stream != 0) {
			c.t.Fatalf("%s on stream %d", v.Kind, o.Stream)
		}
		if c.keep {
			c.sends = append(c.sends, o)
		}
		c.dispatch(o)
	case "event":
		c.told = append(c.told, fmt.Sprintf("%s: %s %s %q", m.name, o.Event, o.Node, o.Meta))
	case "result":
		if _, twice := c.results[o.Operation]; twice || o.Operation > c.operations {
			c.t.Fatalf("operation %d is answered twice, or unasked", o.Operation)
		}
		c.results[o.Operation] = outcome{o.Status, o.Reason}
	default:
		c.t.Fatalf("output %+v", o)
	}
}

func (c *cluster) dispatch(o output) {
	copies := 1
	if o.Stream == 0 && c.random.Float64() < c.duplicate {
		copies = 2
	}
	for range copies {
		if o.Stream != 0 || c.random.Float64() >= c.loss {
			c.counter++
			at := c.now + 1 + c.random.Int64N(c.delay)
			c.events = append(c.events, &delivery{at: at, order: c.counter, message: o})
		}
	}
}

// run lets time pass.
func (c *cluster) run(duration int64) {
	c.t.Helper()
	for end := c.now + duration; ; {
		next := end
		var due *delivery
		for _, e := range c.events {
			if e.at <= next && (due == nil || e.at < due.at || e.at == due.at && e.order < due.order) {
				due, next = e, e.at
			}
		}
		var sleeper *member
		for _, name := range c.names {
			m := c.members[name]
			if !m.up || m.wake == nil {
				continue
			}
			// The first harness instant at which its clock shows that time.
			if at := max(c.now, int64(float64(*m.wake)/m.rate)); at < next || at == next && (sleeper == nil || due != nil) {
				if m.clock(at) < *m.wake {
					at++
				}
				if at <= next {
					sleeper, next = m, at
				}
			}
		}
		c.now = max(c.now, next)
		switch {
		case sleeper != nil:
			c.step(sleeper.name, map[string]any{"type": "advance", "at": *sleeper.wake, "until": max(*sleeper.wake, sleeper.clock(c.now))})
		case due == nil:
			return
		default:
			c.events = slices.DeleteFunc(c.events, func(e *delivery) bool { return e == due })
			c.happen(due.message)
		}
	}
}

func (c *cluster) happen(o output) {
	c.t.Helper()
	if c.cut(o) {
		return
	}
	if m := c.members[o.To]; !m.up {
		if opener := c.members[o.From]; o.Stream != 0 && opener.up && o.view().Kind != "push-pull-reply" {
			c.step(o.From, map[string]any{"type": "refuse", "stream": o.Stream})
		}
		return
	}
	a := c.step(o.To, map[string]any{"type": "deliver", "message": o.ID})
	if !bytes.Equal(a.Received, o.View) {
		c.t.Fatalf("sent %s, received %s", o.View, a.Received)
	}
}

func (c *cluster) crash(node string) {
	c.t.Helper()
	m := c.members[node]
	a := c.step(node, map[string]any{"type": "crash"})
	m.up = false
	if len(a.Outputs) > 0 || a.Wake != nil || len(a.State) > 0 || len(a.Members) > 0 {
		c.t.Fatalf("%s speaks in a crash", node)
	}
}

func (c *cluster) restart(node string) {
	c.t.Helper()
	m := c.members[node]
	m.up, m.state, m.table = true, map[string]any{}, map[string]recordView{}
	c.step(node, map[string]any{"type": "restart"})
	if len(m.table) != 1 || m.table[node].Status != "alive" || m.table[node].Incarnation != 1 {
		c.t.Fatalf("%s restarts with %v", node, m.table)
	}
}

func (c *cluster) operate(node string, operation map[string]any) int64 {
	c.t.Helper()
	c.operations++
	c.step(node, map[string]any{"type": "operation", "id": c.operations, "operation": operation})
	return c.operations
}

func (c *cluster) join(node string, to ...string) int64 {
	c.t.Helper()
	return c.operate(node, map[string]any{"type": "join", "to": to})
}

// expect runs until the operation is answered.
func (c *cluster) expect(id int64, status, reason string) {
	c.t.Helper()
	c.eventually(fmt.Sprintf("the answer to operation %d", id), func() bool { _, ok := c.results[id]; return ok })
	if r := c.results[id]; r != (outcome{status, reason}) {
		c.t.Fatalf("operation %d ended with %v, expected %s %s", id, r, status, reason)
	}
}

// eventually runs until something holds, at most two minutes.
func (c *cluster) eventually(what string, holds func() bool) {
	c.t.Helper()
	for range 6000 {
		if holds() {
			return
		}
		c.run(20)
	}
	for _, name := range c.names {
		c.t.Logf("%s: %+v", name, c.members[name].table)
	}
	c.t.Fatalf("waited in vain for %s", what)
}

// status is what one node holds another for.
func (c *cluster) status(at, of string) string { return c.members[at].table[of].Status }

func (c *cluster) everybodyHolds(of, status string) func() bool {
	return func() bool {
		for _, name := range c.names {
			if m := c.members[name]; m.up && name != of && c.status(name, of) != status {
				return false
			}
		}
		return true
	}
}

func (m *member) number(field string) int64 { return int64(m.state[field].(float64)) }

// inspect compares what was told of each live node with the whole.
func (c *cluster) inspect() {
	c.t.Helper()
	for _, name := range c.names {
		m := c.members[name]
		if !m.up {
			continue
		}
		var reply struct {
			Inspection struct {
				State   map[string]any
				Members []recordView
			}
		}
		c.ask(&reply, map[string]any{"type": "inspect", "node": name})
		table := map[string]recordView{}
		last := ""
		for _, each := range reply.Inspection.Members {
			if each.Node <= last {
				c.t.Fatalf("%s: %s after %s", name, each.Node, last)
			}
			last = each.Node
			table[each.Node] = each
		}
		if !reflect.DeepEqual(reply.Inspection.State, m.state) || !reflect.DeepEqual(table, m.table) {
			c.t.Fatalf("%s: %+v, told %v %v", name, reply.Inspection, m.state, m.table)
		}
	}
}

// encode makes a message and returns it.
func (c *cluster) encode(from, to string, view map[string]any) output {
	c.t.Helper()
	var reply struct{ Message output }
	c.ask(&reply, map[string]any{"type": "encode", "from": from, "to": to, "view": view})
	var expected, shown any
	line, _ := json.Marshal(view)
	if json.Unmarshal(line, &expected) != nil || json.Unmarshal(reply.Message.View, &shown) != nil || !reflect.DeepEqual(expected, shown) {
		c.t.Fatalf("asked for %s, made %s", line, reply.Message.View)
	}
	return reply.Message
}
