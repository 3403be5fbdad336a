package main

import (
	"encoding/json"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// settings of a run; durations in milliseconds.
type settings struct {
	GossipInterval, BulkSyncInterval, BulkSyncTimeout, PushPullInterval, ReapInterval, ReapPeriod int64
	GossipNodes, RetransmitMult                                                                   int
}

// run is one cluster.
type run struct {
	t        *testing.T
	seed     int64
	options  settings
	nodes    []*node
	messages map[int64]*envelope
	last     int64
}

func (r *run) scale() scale { return scale{r.options.ReapPeriod, libraryReapPeriod.Milliseconds()} }

// keptInterval is for how long the library believes that it remembers.
func (r *run) keptInterval() time.Duration {
	s := r.scale()
	return time.Duration(r.options.ReapInterval*s.kept/s.shown) * time.Millisecond
}

func (r *run) find(address string) *node {
	for _, n := range r.nodes {
		if n.address == address {
			return n
		}
	}
	panic(refused{"definite", "no node " + address})
}

// at is the node that listens at a place.
func (r *run) at(place string) *node {
	host, _, err := net.SplitHostPort(place)
	must(err)
	return r.find(r.nameOf(host))
}

func (r *run) nameOf(ip string) string {
	for _, n := range r.nodes {
		if n.ip.String() == ip {
			return n.address
		}
	}
	panic("nobody is at " + ip)
}

// keep gives a message an id, and shows it.
func (r *run) keep(e *envelope, reliable bool) map[string]any {
	r.last++
	r.messages[r.last] = e
	return map[string]any{"type": "message", "id": r.last, "from": e.from.address, "to": e.to.address,
		"view": r.scale().view(e), "reliable": reliable}
}

type operation struct{ Type, Network, Key, Value string }

type input struct {
	Type, Node, Name, Address, Status string
	At, Until, Message, ID            int64
	Operation                         operation
}

type request struct {
	Seq            int64
	Run            *int64
	Type           string
	Start, View    json.RawMessage
	Inputs         []input
	Forget         []int64
	Node, From, To string
}

// refused is an answer to a whole request that could not be carried out.
type refused struct{ kind, text string }

type body = map[string]any

// handler answers request lines.
type handler struct {
	t       *testing.T
	version string
	runs    map[int64]*run
	exited  bool
}

func (h *handler) handle(line []byte) []byte {
	var q request
	answer := func() (answer body) {
		defer func() {
			switch thrown := recover().(type) {
			case nil:
			case refused:
				answer = body{"error": body{"kind": thrown.kind, "text": thrown.text}}
			default:
				text := fmt.Sprintf("%v\n%s", thrown, debug.Stack())
				answer = body{"error": body{"kind": "indefinite", "text": text}}
			}
		}()
		must(json.Unmarshal(line, &q))
		return h.carryOut(&q)
	}()
	answer["seq"] = q.Seq
	if q.Run != nil {
		answer["run"] = *q.Run
	}
	text, err := json.Marshal(answer)
	must(err)
	return append(text, '\n')
}

func (h *handler) carryOut(q *request) body {
	switch {
	case q.Type == "hello":
		return body{"hello": h.hello()}
	case q.Type == "exit":
		h.exited = true
		return body{}
	case q.Run == nil:
		panic(refused{"unsupported", "no request " + q.Type})
	case q.Type == "start":
		return body{"answers": h.start(*q.Run, q.Start)}
	}
	r := h.runs[*q.Run]
	if r == nil && slices.Contains([]string{"steps", "inspect", "encode", "end"}, q.Type) {
		panic(refused{"definite", fmt.Sprintf("no run %d", *q.Run)})
	}
	switch q.Type {
	case "steps":
		answers := []body{}
		for _, each := range q.Inputs {
			answers = append(answers, r.step(each))
		}
		for _, id := range q.Forget {
			delete(r.messages, id)
		}
		return body{"answers": answers}
	case "inspect":
		return body{"inspection": r.find(q.Node).inspect()}
	case "encode":
		e := r.scale().encode(q.View, r.find(q.From), r.find(q.To))
		return body{"message": r.keep(e, e.kind != "gossip" && e.kind != "table-gossip")}
	case "end":
		delete(h.runs, *q.Run)
		for _, n := range r.nodes {
			if n.up {
				n.crash()
			}
		}
		return body{}
	}
	panic(refused{"unsupported", "no request " + q.Type})
}

func (h *handler) hello() body {
	return body{
		"protocol":      1,
		"name":          "networkdb",
		"version":       h.version,
		"language":      "go",
		"surfaces":      []string{"networkdb"},
		"profiles":      []string{"networkdb"},
		"operations":    []string{"join-network", "leave-network", "create", "update", "delete", "get", "leave"},
		"capabilities":  body{"restart": true, "encode": true},
		"deterministic": false,
		"assumptions":   body{"fifo": false, "noDuplicates": false, "clockDrift": 0.3},
	}
}

func (h *handler) start(number int64, text json.RawMessage) []body {
	var start struct {
		Nodes   []string
		Options settings
		Seed    int64
	}
	must(json.Unmarshal(text, &start))
	o := start.Options
	if o.GossipNodes != libraryGossipNodes || o.BulkSyncTimeout != librarySyncTimeout.Milliseconds() {
		panic(refused{"unsupported", "the library gossips to 3 nodes, and waits 30 s for an answer to a bulk sync"})
	}
	r := &run{t: h.t, seed: start.Seed, options: o, messages: map[int64]*envelope{}}
	for i, address := range start.Nodes {
		r.nodes = append(r.nodes, &node{run: r, address: address, number: i, ip: net.IPv4(10, 0, 0, byte(i+1))})
	}
	h.runs[number] = r
	answers := []body{}
	for _, n := range r.nodes {
		n.boot(r.nodes)
		answers = append(answers, n.report(nil))
	}
	return answers
}

// step carries out one input.
func (r *run) step(in input) (answer body) {
	n := r.find(in.Node)
	panics := func(text string) body {
		return body{"now": in.At, "error": body{"kind": "panic", "text": text}}
	}
	if n.broken != "" {
		return panics(n.broken)
	}
	if in.Type == "crash" {
		n.crash()
		n.clock = in.At
		return body{"now": in.At}
	}
	if in.Type == "restart" {
		n.clock = in.At
		n.boot(nil)
		return n.report(nil)
	}
	var received *view
	defer func() {
		if thrown := recover(); thrown != nil {
			if r, ok := thrown.(refused); ok {
				answer = body{"now": in.At, "error": body{"kind": r.kind, "text": r.text}}
				return
			}
			n.broken = fmt.Sprint(thrown)
			answer = panics(n.broken)
		}
	}()
	n.bubble.do(func() {
		if in.At > n.clock {
			n.sleepTo(in.At)
		}
		switch in.Type {
		case "deliver":
			e := r.messages[in.Message]
			if e == nil {
				panic(fmt.Sprintf("message %d was never sent, or was forgotten", in.Message))
			}
			decoded := r.scale().view(e)
			received = &decoded
			n.deliver(e)
		case "advance":
			n.advance(in.Until)
		case "operation":
			n.operate(in.ID, in.Operation)
		case "peer":
			peer := n.member(in.Name, r.find(in.Address))
			if in.Status == "up" {
				n.events.NotifyJoin(peer)
			} else {
				n.events.NotifyLeave(peer)
			}
		default:
			panic(refused{"unsupported", in.Type})
		}
		n.settle()
		answer = n.report(received)
	})
	return answer
}

// shown is what the suite was told of a node.
type shown struct {
	state       map[string]any
	peers       map[string]peerRow
	attachments map[string]attachmentRow
	entries     map[string]entryRow
}

func (n *node) look() shown {
	peers := n.peers(n.name, n.run.nameOf)
	state := map[string]any{"name": n.name, "networkClock": n.library.clock("networkClock"),
		"tableClock": n.library.clock("tableClock"), "leaving": n.leaving}
	return shown{state, peers, n.attachments(n.name), n.entries(peers)}
}

// changed are the rows that are not as they were, and in the place of those that are gone what `gone` makes of them.
func changed[Row any](before, after map[string]Row, gone func(Row) Row) []Row {
	rows := []Row{}
	for _, key := range keysOf(after) {
		if old, ok := before[key]; !ok || text(old) != text(after[key]) {
			rows = append(rows, after[key])
		}
	}
	for _, key := range keysOf(before) {
		if _, ok := after[key]; !ok && gone != nil {
			rows = append(rows, gone(before[key]))
		}
	}
	return rows
}

func text(row any) string {
	bytes, err := json.Marshal(row)
	must(err)
	return string(bytes)
}

func keysOf[Row any](rows map[string]Row) []string {
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

func goneAttachment(row attachmentRow) attachmentRow {
	return attachmentRow{Name: row.Name, Network: row.Network, Status: "forgotten"}
}

func goneEntry(row entryRow) entryRow {
	return entryRow{Network: row.Network, Key: row.Key, Status: "forgotten"}
}

func (n *node) hasNews() bool {
	return len(n.pending) > 0 || text(n.look().lists()) != text(n.shown.lists())
}

func (s shown) lists() any { return []any{s.state, s.peers, s.attachments, s.entries} }

// report is the answer to a step: what came of it.
func (n *node) report(received *view) body {
	before, after := n.shown, n.look()
	n.shown = after
	answer := body{"now": n.clock}
	if wake := n.wake(); wake >= 0 {
		answer["wake"] = wake
	}
	if len(n.pending) > 0 {
		answer["outputs"] = n.pending
		n.pending = nil
	}
	if received != nil {
		answer["received"] = received
	}
	begins := before.state == nil
	state := body{}
	for name, value := range after.state {
		if before.state[name] != value {
			state[name] = value
		}
	}
	if len(state) > 0 {
		answer["state"] = state
	}
	if rows := changed(before.peers, after.peers, nil); begins || len(rows) > 0 {
		answer["peers"] = rows
	}
	if rows := changed(before.attachments, after.attachments, goneAttachment); begins || len(rows) > 0 {
		answer["attachments"] = rows
	}
	if rows := changed(before.entries, after.entries, goneEntry); begins || len(rows) > 0 {
		answer["entries"] = rows
	}
	return answer
}

func (n *node) inspect() body {
	now := n.look()
	return body{"state": now.state, "peers": changed(nil, now.peers, nil),
		"attachments": changed(nil, now.attachments, nil), "entries": changed(nil, now.entries, nil)}
}
