package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// options of a run, in the library's units.
type options struct {
	electionTimeout      int
	heartbeatInterval    int
	preVote, checkQuorum bool
	messageSize          uint64
	maxInflight          int
}

// run is one cluster. Its nodes know nothing of each other: they share only the messages' store.
type run struct {
	members
	features
	options  options
	nodes    []*node
	messages map[int64]envelope
	lastID   int64
	// outputs of the step that is being made: JSON objects with a comma before each.
	outputs []byte
}

// envelope keeps a message as the library's own bytes.
type envelope struct {
	to    uint64
	bytes []byte
}

// output begins an output.
func (r *run) output(kind string) []byte {
	b := append(r.outputs, `,{"type":"`...)
	b = append(b, kind...)
	return append(b, '"')
}

// appendMessage keeps a message, and appends the fields by which the suite knows it. Who sends it need not be who it
// is from: a follower passes on the reads of others that reach it.
func (r *run) appendMessage(b []byte, from uint64, message *pb.Message, after int64) []byte {
	bytes, err := proto.Marshal(message)
	must(err)
	r.lastID++
	r.messages[r.lastID] = envelope{message.GetTo(), bytes}
	b = appendField(b, "id", r.lastID)
	b = r.appendName(append(b, `,"from":`...), from)
	b = r.appendName(append(b, `,"to":`...), message.GetTo())
	b = appendField(b, "after", after)
	return r.appendView(append(b, `,"view":`...), message)
}

// spoke reports whether the step has produced outputs.
func (n *node) spoke() bool { return len(n.run.outputs) > 0 }

// input is one step, of any type.
type input struct {
	kind         string
	node         uint64
	at, until    int64
	message      int64
	id           int64
	operation    operation
	writes, keep []int64
	torn         int64
}

// handler answers request lines.
type handler struct {
	features
	version string
	runs    map[int64]*run
	exited  bool
	answer  []byte
}

func newHandler(chosen features, version string) *handler {
	return &handler{features: chosen, version: version, runs: map[int64]*run{}}
}

// request is a line of any type.
type request struct {
	seq, run int64
	hasRun   bool
	kind     string
	start    []byte
	inputs   []byte
	forget   []byte
	view     []byte
	node     string
	from, to string
}

// refused is an answer to a whole request that could not be carried out.
type refused struct{ kind, text string }

// handle answers one line.
func (h *handler) handle(line []byte) (answer []byte) {
	var q request
	h.answer = h.answer[:0]
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case malformed:
			answer = h.refusal(q, refused{"definite", string(thrown)})
		case refused:
			answer = h.refusal(q, thrown)
		default:
			answer = h.refusal(q, refused{"indefinite", fmt.Sprintf("%v\n%s", thrown, debug.Stack())})
		}
	}()
	p := parser{text: line}
	p.object(func(name []byte) {
		switch string(name) {
		case "seq":
			q.seq = p.integer()
		case "run":
			q.run, q.hasRun = p.integer(), true
		case "type":
			q.kind = string(p.string())
		case "start":
			q.start = p.skip()
		case "inputs":
			q.inputs = p.skip()
		case "forget":
			q.forget = p.skip()
		case "view":
			q.view = p.skip()
		case "node":
			q.node = string(p.string())
		case "from":
			q.from = string(p.string())
		case "to":
			q.to = string(p.string())
		default:
			p.skip()
		}
	})
	h.answer = h.head(h.answer, q)
	h.carryOut(&q)
	h.answer = append(h.answer, '}', '\n')
	return h.answer
}

func (h *handler) head(b []byte, q request) []byte {
	b = append(b, '{')
	start := len(b)
	b = appendField(b, "seq", q.seq)
	if q.hasRun {
		b = appendField(b, "run", q.run)
	}
	return dropComma(b, start)
}

func (h *handler) refusal(q request, r refused) []byte {
	b := append(h.head(h.answer[:0], q), `,"error":{"kind":"`...)
	b = append(append(b, r.kind...), '"')
	return append(appendText(b, "text", r.text), '}', '}', '\n')
}

func (h *handler) carryOut(q *request) {
	if !q.hasRun {
		switch q.kind {
		case "hello":
			h.hello()
		case "exit":
			h.exited = true
		default:
			panic(refused{"unsupported", "no request " + q.kind})
		}
		return
	}
	if q.kind == "start" {
		h.start(q)
		return
	}
	r := h.runs[q.run]
	if r == nil {
		panic(refused{"definite", fmt.Sprintf("no run %d", q.run)})
	}
	switch q.kind {
	case "steps":
		h.steps(r, q)
	case "inspect":
		h.inspect(r, q)
	case "encode":
		h.encode(r, q)
	case "end":
		delete(h.runs, q.run)
	default:
		panic(refused{"unsupported", "no request " + q.kind})
	}
}

func (h *handler) hello() {
	profiles := []string{
		"raft-core", "raft-persistence", "raft-pre-vote", "raft-check-quorum", "raft-transfer", "raft-membership",
		"raft-membership-joint", "raft-config-on-apply", "raft-learners", "raft-snapshot", "raft-flow-control",
	}
	drift := 0.3
	if h.lease {
		// A lease holds only while clocks agree.
		profiles, drift = append(profiles, "raft-read-lease"), 0
	} else {
		profiles = append(profiles, "raft-read-index")
	}
	version := h.version
	if h.async {
		version += " (AsyncStorageWrites)"
	}
	hello, err := json.Marshal(map[string]any{
		"protocol":      1,
		"name":          "etcd-raft",
		"version":       version,
		"language":      "go",
		"surfaces":      []string{"raft"},
		"profiles":      profiles,
		"operations":    []string{"propose", "read", "transfer", "change-membership", "compact"},
		"capabilities":  map[string]bool{"disk": true, "encode": true},
		"deterministic": true,
		"assumptions":   map[string]any{"fifo": false, "noDuplicates": false, "clockDrift": drift},
	})
	must(err)
	h.answer = append(append(h.answer, `,"hello":`...), hello...)
}

// start makes a run. Members of the configuration begin with a snapshot at index 1 of term 1 that holds it, so that
// whoever joins later must be sent one; nodes outside it begin blank.
func (h *handler) start(q *request) {
	r := &run{features: h.features, messages: map[int64]envelope{}}
	var seed int64
	var rawConfiguration []byte
	p := parser{text: q.start}
	p.object(func(name []byte) {
		switch string(name) {
		case "nodes":
			var names []string
			p.array(func() { names = append(names, string(p.string())) })
			r.members = newMembers(names)
		case "configuration":
			rawConfiguration = p.skip()
		case "options":
			r.options = p.options()
		case "seed":
			seed = p.integer()
		default:
			p.skip()
		}
	})
	if len(r.names) == 0 || rawConfiguration == nil || r.options.heartbeatInterval == 0 {
		panic(malformed("start needs nodes, a configuration, and options"))
	}
	initial := (&parser{text: rawConfiguration}).configuration(r.members)
	h.runs[q.run] = r
	h.answer = append(h.answer, `,"answers":[`...)
	for i := range r.names {
		id := uint64(i + 1)
		n := &node{run: r, id: id, random: randomness(uint64(seed)*0x9e3779b97f4a7c15 ^ id*0xd1b54a32d192ed03)}
		n.disk.durable.hard = &pb.HardState{}
		if slices.Contains(initial.voters, id) || slices.Contains(initial.outgoing, id) || slices.Contains(initial.learners, id) {
			n.disk.durable = diskState{
				hard: &pb.HardState{Term: new(uint64(1)), Commit: new(uint64(1))},
				base: position{1, 1},
				snapshot: &pb.Snapshot{Data: store{}.snapshot(), Metadata: &pb.SnapshotMetadata{
					Index: new(uint64(1)), Term: new(uint64(1)), ConfState: initial.state(),
				}},
			}
		}
		r.nodes = append(r.nodes, n)
		if i > 0 {
			h.answer = append(h.answer, ',')
		}
		h.guard(r, n, n.boot)
	}
	h.answer = append(h.answer, ']')
}

// smallestEntry is the least size, in the library's eyes, that an entry can have.
const smallestEntry = 4

func (p *parser) options() (o options) {
	p.object(func(name []byte) {
		switch string(name) {
		case "electionTimeout":
			o.electionTimeout = int(p.unsigned())
		case "heartbeatInterval":
			o.heartbeatInterval = int(p.unsigned())
		case "preVote":
			o.preVote = p.boolean()
		case "checkQuorum":
			o.checkQuorum = p.boolean()
		case "maxEntries":
			// The library bounds bytes: so many that one entry more, even of the smallest, is too much.
			o.messageSize = smallestEntry*(p.unsigned()+1) - 1
		case "maxInflight":
			o.maxInflight = int(p.unsigned())
		default:
			p.skip()
		}
	})
	if o.heartbeatInterval < 1 || o.electionTimeout <= o.heartbeatInterval || o.maxInflight < 1 {
		panic(malformed("options need 0 < heartbeatInterval < electionTimeout and 0 < maxInflight"))
	}
	return o
}

// steps answers inputs in order.
func (h *handler) steps(r *run, q *request) {
	h.answer = append(h.answer, `,"answers":[`...)
	first := true
	var in input
	p := parser{text: q.inputs}
	p.array(func() {
		p.input(r, &in)
		if !first {
			h.answer = append(h.answer, ',')
		}
		first = false
		h.step(r, &in)
	})
	h.answer = append(h.answer, ']')
	if q.forget != nil {
		p := parser{text: q.forget}
		p.array(func() { delete(r.messages, p.integer()) })
	}
}

func (p *parser) input(r *run, in *input) {
	*in = input{writes: in.writes[:0], keep: in.keep[:0]}
	p.object(func(name []byte) {
		switch string(name) {
		case "type":
			in.kind = inputKind(p.string())
		case "node":
			in.node = r.ids[string(p.string())]
		case "at":
			in.at = p.integer()
		case "until":
			in.until = p.integer()
		case "message":
			in.message = p.integer()
		case "id":
			in.id = p.integer()
		case "operation":
			in.operation = p.operation(r.members)
		case "writes":
			p.array(func() { in.writes = append(in.writes, p.integer()) })
		case "keep":
			p.array(func() { in.keep = append(in.keep, p.integer()) })
		case "torn":
			in.torn = p.integer()
		default:
			p.skip()
		}
	})
}

// inputKind avoids a copy of the words that come with every input.
func inputKind(word []byte) string {
	switch string(word) {
	case "deliver":
		return "deliver"
	case "advance":
		return "advance"
	case "written":
		return "written"
	}
	return string(word)
}

func (p *parser) operation(m members) (o operation) {
	node := func() uint64 {
		name := string(p.string())
		id, ok := m.ids[name]
		if !ok {
			o.unknown = name
		}
		return id
	}
	p.object(func(name []byte) {
		switch string(name) {
		case "type":
			o.kind = string(p.string())
		case "command":
			o.command = p.command()
		case "key":
			o.key = string(p.string())
		case "by":
			o.by = string(p.string())
		case "to":
			o.to = node()
		case "changes":
			p.array(func() {
				var c change
				p.object(func(name []byte) {
					switch string(name) {
					case "type":
						c.kind = string(p.string())
					case "node":
						c.node = node()
					default:
						p.skip()
					}
				})
				o.changes = append(o.changes, c)
			})
		case "joint":
			o.joint = p.boolean()
		case "keep":
			o.keep = p.unsigned()
		default:
			p.skip()
		}
	})
	return o
}

func (p *parser) command() (c command) {
	p.object(func(name []byte) {
		switch string(name) {
		case "type":
			c.kind = string(p.string())
		case "key":
			c.key = string(p.string())
		case "value":
			c.value = string(p.string())
		case "expect":
			if !p.null() {
				c.expect = new(string(p.string()))
			}
		default:
			p.skip()
		}
	})
	return c
}

// step answers one input.
func (h *handler) step(r *run, in *input) {
	if in.node == 0 {
		h.answer = append(h.answer, `{"now":0,"wake":null,"error":{"kind":"unsupported","text":"no such node"}}`...)
		return
	}
	n := r.nodes[in.node-1]
	h.guard(r, n, func() { h.apply(r, n, in) })
}

// unsupported is thrown where an input cannot be carried out; the node stays as it was.
type unsupported string

// guard makes a step and appends its answer. A panic of the library ends the node for good.
func (h *handler) guard(r *run, n *node, step func()) {
	start := len(h.answer)
	h.answer = append(h.answer, '{')
	r.outputs = r.outputs[:0]
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case malformed:
			panic(thrown)
		case unsupported:
			h.fail(n, start, "unsupported", string(thrown))
		default:
			n.broken = fmt.Sprint(thrown)
			h.fail(n, start, "panic", n.broken)
		}
	}()
	if n.broken != "" {
		h.fail(n, start, "panic", n.broken)
		return
	}
	step()
	if len(r.outputs) > 0 {
		h.answer = append(append(h.answer, `"outputs":[`...), r.outputs[1:]...)
		h.answer = append(h.answer, `],`...)
	}
	h.answer = appendClock(h.answer, n)
	if !n.down {
		h.answer = n.appendLog(h.answer)
		h.answer = n.appendState(h.answer)
	}
	h.answer = append(h.answer, '}')
}

func appendClock(b []byte, n *node) []byte {
	start := len(b)
	b = dropComma(appendField(b, "now", n.clock), start)
	if wake := n.wake(); wake >= 0 {
		return appendField(b, "wake", wake)
	}
	return append(b, `,"wake":null`...)
}

// fail answers a step that was refused, which changes nothing, or that ended the node.
func (h *handler) fail(n *node, start int, kind, text string) {
	b := append(h.answer[:start], '{')
	if kind == "panic" {
		b = append(appendField(append(b, `"wake":null`...), "now", n.clock), ',')
	} else {
		b = append(appendClock(b, n), ',')
	}
	b = append(append(b, `"error":{"kind":"`...), kind...)
	h.answer = append(appendText(append(b, '"'), "text", text), '}', '}')
}

// apply makes one step of one node, to quiescence.
func (h *handler) apply(r *run, n *node, in *input) {
	if n.down && in.kind != "restart" {
		panic(unsupported("the node is down"))
	}
	rand.Reader = &n.random
	n.pass(in.at)
	n.clock = max(n.clock, in.at)
	switch in.kind {
	case "deliver":
		n.deliver(h.receive(r, n, in.message))
	case "advance":
		n.advance(in.until)
	case "operation":
		if in.operation.unknown != "" {
			panic(unsupported("no node " + in.operation.unknown))
		}
		if reason := n.operate(in.id, &in.operation); reason != "" {
			panic(unsupported(reason))
		}
	case "written":
		for _, id := range in.writes {
			n.written(id)
		}
	case "crash":
		n.crash(in.keep, in.torn)
		return
	case "restart":
		if !n.down {
			panic(unsupported("the node is not down"))
		}
		n.boot()
	default:
		panic(unsupported("no input " + in.kind))
	}
	n.settle()
	n.review()
	n.resume()
}

// receive decodes a kept message anew, and appends how it reads.
func (h *handler) receive(r *run, n *node, id int64) *pb.Message {
	kept, ok := r.messages[id]
	if !ok || kept.to != n.id {
		panic(unsupported(fmt.Sprintf("no message %d to this node", id)))
	}
	message := &pb.Message{}
	must(proto.Unmarshal(kept.bytes, message))
	h.answer = r.appendView(append(h.answer, `"received":`...), message)
	h.answer = append(h.answer, ',')
	return message
}

func (h *handler) inspect(r *run, q *request) {
	id := r.ids[q.node]
	if id == 0 || r.nodes[id-1].down || r.nodes[id-1].broken != "" {
		panic(refused{"definite", "no live node " + q.node})
	}
	n := r.nodes[id-1]
	base, entries := n.wholeLog()
	h.answer = append(h.answer, `,"inspection":{"base":{`...)
	start := len(h.answer)
	h.answer = append(dropComma(appendPosition(h.answer, base), start), '}')
	h.answer = r.appendEntries(append(h.answer, `,"entries":`...), entries)
	// The state as a first report tells it; what was reported stays as it is.
	seen := n.seen
	n.seen = report{}
	h.answer = n.appendState(h.answer)
	n.seen = seen
	pairs, err := json.Marshal(n.store.sorted())
	must(err)
	h.answer = append(append(append(h.answer, `,"store":`...), pairs...), '}')
}

// encode makes a message from a view.
func (h *handler) encode(r *run, q *request) {
	from, to := r.ids[q.from], r.ids[q.to]
	if from == 0 || to == 0 {
		panic(refused{"definite", "no such node"})
	}
	made, err := r.messageFromView(from, to, (&parser{text: q.view}).view(r.members))
	if err != nil {
		panic(refused{"unsupported", err.Error()})
	}
	h.answer = r.appendMessage(append(h.answer, `,"message":{"type":"message"`...), from, made, 0)
	h.answer = append(h.answer, '}')
}
