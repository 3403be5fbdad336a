package main

import (
	"encoding/json"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

// run is one cluster. Its nodes know nothing of each other but what messages tell them.
type run struct {
	t        *testing.T
	compress bool
	seed     int64
	options  settings
	nodes    []*node
	byName   map[string]*node
	messages map[int64]*envelope
	// The last message and the last stream.
	lastID, lastStream int64
}

// envelope keeps a message as the library's own bytes. Who opens a stream is in the stream.
type envelope struct {
	from, to *node
	bytes    []byte
	stream   *stream
}

func (r *run) find(name string) *node { return r.byName[name] }

// keep gives a message an id.
func (r *run) keep(e *envelope) int64 {
	if e.stream != nil && e.stream.number == 0 {
		r.lastStream++
		e.stream.number = r.lastStream
	}
	r.lastID++
	r.messages[r.lastID] = e
	return r.lastID
}

// input is one step, of any type.
type input struct {
	kind                string
	node                *node
	at, until           int64
	message, id, stream int64
	operation           operation
}

// handler answers request lines.
type handler struct {
	t        *testing.T
	compress bool
	version  string
	runs     map[int64]*run
	exited   bool
	answer   []byte
}

func newHandler(t *testing.T, compress bool, version string) *handler {
	return &handler{t: t, compress: compress, version: version, runs: map[int64]*run{}}
}

// request is a line of any type.
type request struct {
	seq, run                    int64
	hasRun                      bool
	kind                        string
	start, inputs, forget, view []byte
	node, from, to              string
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
		r.end()
	default:
		panic(refused{"unsupported", "no request " + q.kind})
	}
}

func (h *handler) hello() {
	version := h.version
	if h.compress {
		version += " (compressed)"
	}
	hello, err := json.Marshal(map[string]any{
		"protocol":      1,
		"name":          "memberlist",
		"version":       version,
		"language":      "go",
		"surfaces":      []string{"swim"},
		"profiles":      []string{"swim-core", "swim-memberlist", "swim-lifeguard"},
		"operations":    []string{"join", "leave", "update"},
		"capabilities":  map[string]bool{"restart": true, "encode": true, "preset": true},
		"deterministic": false,
		"assumptions":   map[string]any{"fifo": false, "noDuplicates": false, "clockDrift": 0.3},
	})
	must(err)
	h.answer = append(append(h.answer, `,"hello":`...), hello...)
}

// start makes a run. Its members know each other.
func (h *handler) start(q *request) {
	r := &run{t: h.t, compress: h.compress, messages: map[int64]*envelope{}, byName: map[string]*node{}}
	var members []string
	p := parser{text: q.start}
	p.object(func(name []byte) {
		switch string(name) {
		case "nodes":
			p.array(func() { r.add(string(p.string())) })
		case "members":
			p.array(func() { members = append(members, string(p.string())) })
		case "options":
			r.options = p.settings()
		case "seed":
			r.seed = p.integer()
		default:
			p.skip()
		}
	})
	if len(r.nodes) == 0 || h.runs[q.run] != nil {
		panic(malformed("start needs nodes, and a run that is not under way"))
	}
	if err := r.options.check(); err != nil {
		panic(malformed(err.Error()))
	}
	var acquainted []*node
	for _, name := range members {
		if r.find(name) == nil {
			panic(malformed("no node " + name))
		}
		acquainted = append(acquainted, r.find(name))
	}
	h.runs[q.run] = r
	h.answer = append(h.answer, `,"answers":[`...)
	for i, n := range r.nodes {
		if i > 0 {
			h.answer = append(h.answer, ',')
		}
		h.guard(n, func() {
			n.boot()
			if slices.Contains(acquainted, n) {
				n.introduce(acquainted)
			}
		})
	}
	h.answer = append(h.answer, ']')
}

// add makes a node, with an address of its own.
func (r *run) add(name string) {
	number := len(r.nodes)
	n := &node{run: r, name: name, number: number, ip: net.IP{10, 0, byte((number + 1) >> 8), byte(number + 1)}}
	n.address = joinAddress(n.ip, port)
	r.nodes = append(r.nodes, n)
	r.byName[name] = n
}

func (r *run) end() {
	for _, n := range r.nodes {
		if n.up {
			n.crash()
		}
	}
}

func (p *parser) settings() (s settings) {
	duration := func() time.Duration { return time.Duration(p.unsigned()) * time.Millisecond }
	number := func() int { return int(p.unsigned()) }
	p.object(func(name []byte) {
		switch string(name) {
		case "probeInterval":
			s.probeInterval = duration()
		case "probeTimeout":
			s.probeTimeout = duration()
		case "indirectChecks":
			s.indirectChecks = number()
		case "suspicionMult":
			s.suspicionMult = number()
		case "suspicionMaxTimeoutMult":
			s.suspicionMaxTimeoutMult = number()
		case "awarenessMaxMultiplier":
			s.awarenessMaxMultiplier = number()
		case "retransmitMult":
			s.retransmitMult = number()
		case "gossipInterval":
			s.gossipInterval = duration()
		case "gossipNodes":
			s.gossipNodes = number()
		case "gossipToTheDead":
			s.gossipToTheDead = duration()
		case "pushPullInterval":
			s.pushPullInterval = duration()
		case "streamTimeout":
			s.streamTimeout = duration()
		case "streamPing":
			s.streamPing = p.boolean()
		default:
			p.skip()
		}
	})
	return s
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
		h.step(&in)
	})
	h.answer = append(h.answer, ']')
	if q.forget != nil {
		p := parser{text: q.forget}
		p.array(func() { delete(r.messages, p.integer()) })
	}
}

func (p *parser) input(r *run, in *input) {
	*in = input{}
	p.object(func(name []byte) {
		switch string(name) {
		case "type":
			in.kind = string(p.string())
		case "node":
			in.node = r.byName[string(p.string())]
		case "at":
			in.at = p.integer()
		case "until":
			in.until = p.integer()
		case "message":
			in.message = p.integer()
		case "id":
			in.id = p.integer()
		case "stream":
			in.stream = p.integer()
		case "operation":
			in.operation = p.operation(r)
		default:
			p.skip()
		}
	})
}

func (p *parser) operation(r *run) (o operation) {
	p.object(func(name []byte) {
		switch string(name) {
		case "type":
			o.kind = string(p.string())
		case "meta":
			o.meta = string(p.string())
		case "to":
			p.array(func() {
				name := string(p.string())
				if to := r.find(name); to != nil {
					o.to = append(o.to, to)
				} else {
					o.unknown = name
				}
			})
		default:
			p.skip()
		}
	})
	return o
}

// step answers one input.
func (h *handler) step(in *input) {
	if in.node == nil {
		h.answer = append(h.answer, `{"now":0,"wake":null,"error":{"kind":"unsupported","text":"no such node"}}`...)
		return
	}
	h.guard(in.node, func() { h.apply(in.node, in) })
}

// unsupported is thrown where an input cannot be carried out; the node stays as it was.
type unsupported string

// guard makes a step and appends its answer. A panic of the library that reaches the adapter ends the node for good;
// one in a goroutine of the library's own ends the process, as it would elsewhere.
func (h *handler) guard(n *node, step func()) {
	start := len(h.answer)
	h.answer = append(h.answer, '{')
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case malformed, refused:
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
	if n.up {
		n.bubble.do(func() { h.answer = n.appendStep(h.answer) })
	} else {
		h.answer = append(appendField(append(h.answer, `"wake":null`...), "now", n.clock), '}')
	}
}

// appendStep appends what a step has brought about.
func (n *node) appendStep(b []byte) []byte {
	n.settle()
	start := len(b)
	b = dropComma(appendField(b, "now", n.clock), start)
	b = append(b, `,"outputs":[`...)
	start = len(b)
	for i := range n.pending {
		b = n.appendOutput(b, &n.pending[i])
	}
	n.pending = n.pending[:0]
	b = append(dropComma(b, start), ']')
	b = n.appendChanges(b)
	return append(n.appendWake(b), '}')
}

func (n *node) appendWake(b []byte) []byte {
	if wake := n.wake(); wake >= 0 {
		return appendField(b, "wake", wake)
	}
	return append(b, `,"wake":null`...)
}

// appendOutput appends one output, a comma before it.
func (n *node) appendOutput(b []byte, e *effect) []byte {
	switch e.kind {
	case sent:
		id := n.run.keep(&envelope{n, e.to, e.bytes, e.stream})
		return n.run.appendMessage(append(b, ','), id, &e.view)
	case event:
		b = append(append(append(b, `,{"type":"event","event":"`...), e.name...), '"')
		return append(appendText(appendText(b, "node", e.subject), "meta", e.meta), '}')
	case result:
		b = appendField(append(b, `,{"type":"result"`...), "operation", e.operation)
		return append(appendText(appendText(b, "status", e.name), "reason", e.meta), '}')
	case panicked:
		panic(e.name)
	}
	panic(fmt.Sprint("no output of kind ", e.kind))
}

func (r *run) appendMessage(b []byte, id int64, view *message) []byte {
	e := r.messages[id]
	b = appendField(append(b, `{"type":"message"`...), "id", id)
	b = appendText(appendText(b, "from", e.from.name), "to", e.to.name)
	number := int64(0)
	if e.stream != nil {
		number = e.stream.number
	}
	b = appendField(b, "stream", number)
	return append(appendView(append(b, `,"view":`...), view), '}')
}

// fail answers a step that was refused, which changes nothing, or that ended the node.
func (h *handler) fail(n *node, start int, kind, text string) {
	b := append(h.answer[:start], '{')
	comma := len(b)
	b = dropComma(appendField(b, "now", n.clock), comma)
	if kind != "panic" && n.up {
		n.bubble.do(func() { b = n.appendWake(b) })
	} else {
		b = append(b, `,"wake":null`...)
	}
	b = append(append(append(b, `,"error":{"kind":"`...), kind...), '"')
	h.answer = append(appendText(b, "text", text[:min(len(text), 16_000)]), '}', '}')
}

// apply makes one step of one node.
func (h *handler) apply(n *node, in *input) {
	switch {
	case in.kind == "restart" && n.up:
		panic(unsupported("the node is not down"))
	case in.kind == "restart":
		n.clock = max(n.clock, in.at)
		n.boot()
		return
	case !n.up:
		panic(unsupported("the node is down"))
	}
	n.bubble.do(func() {
		n.draw()
		n.pass(in.at)
		h.carry(n, in)
	})
	if in.kind == "crash" {
		n.crash()
	}
}

// carry gives the input to the library, inside of the bubble.
func (h *handler) carry(n *node, in *input) {
	switch in.kind {
	case "deliver":
		n.deliver(h.receive(n, in.message))
	case "advance":
		n.advance(in.until)
	case "operation":
		if in.operation.unknown != "" {
			panic(unsupported("no node " + in.operation.unknown))
		}
		if reason := n.operate(in.id, &in.operation); reason != "" {
			panic(unsupported(reason))
		}
	case "refuse":
		if c := n.transport.find(in.stream); c != nil {
			c.fail(errRefused)
		}
	case "crash":
	default:
		panic(unsupported("no input " + in.kind))
	}
}

// receive decodes a kept message anew, and appends how it reads.
func (h *handler) receive(n *node, id int64) *envelope {
	e := n.run.messages[id]
	if e == nil || e.to != n {
		panic(unsupported(fmt.Sprintf("no message %d to this node", id)))
	}
	view, err := e.decode()
	must(err)
	h.answer = append(appendView(append(h.answer, `"received":`...), &view), ',')
	return e
}

func (e *envelope) decode() (message, error) {
	if e.stream != nil {
		return decodeStream(e.bytes, e.stream.opener == e.from)
	}
	return decodePacket(e.bytes)
}

func (h *handler) inspect(r *run, q *request) {
	n := r.find(q.node)
	if n == nil || !n.up || n.broken != "" {
		panic(refused{"definite", "no live node " + q.node})
	}
	n.bubble.do(func() { h.answer = n.appendInspection(append(h.answer, `,"inspection":`...)) })
}

// encode makes a message from a view. One that answers on a stream takes the last one that was opened to its sender
// and is not answered.
func (h *handler) encode(r *run, q *request) {
	from, to := r.find(q.from), r.find(q.to)
	if from == nil || to == nil {
		panic(refused{"definite", "no such node"})
	}
	view := (&parser{text: q.view}).view()
	made, err := r.encodeMessage(from, view)
	if err != nil {
		panic(refused{"unsupported", err.Error()})
	}
	e := &envelope{from: from, to: to, bytes: made}
	if streamed, opens := isStream(view.kind); streamed {
		if e.stream = r.streamFor(from, to, opens); e.stream == nil {
			panic(refused{"definite", "no stream to answer on"})
		}
	}
	shown, err := e.decode()
	if err != nil {
		panic(refused{"unsupported", err.Error()})
	}
	id := r.keep(e)
	h.answer = r.appendMessage(append(h.answer, `,"message":`...), id, &shown)
}

func (r *run) streamFor(from, to *node, opens bool) *stream {
	if opens {
		return &stream{opener: from, target: to}
	}
	if !to.up {
		return nil
	}
	var last *stream
	for s := range to.transport.conns {
		if s.opener == to && s.target == from && s.number > 0 && (last == nil || s.number > last.number) {
			last = s
		}
	}
	return last
}
