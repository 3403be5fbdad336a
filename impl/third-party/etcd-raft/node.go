package main

import (
	"crypto/rand"
	"math"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// node is one member: the library's RawNode and the application around it (disk, state machine, clients).
type node struct {
	run     *run
	id      uint64
	raft    *raft.RawNode
	storage *raft.MemoryStorage
	observation
	disk   disk
	random randomness

	// down after a crash; broken holds the text of a panic, after which the node is down for good.
	down   bool
	broken string

	// clock is local time, in milliseconds; nextTick is the instant of the next tick. A tick is a millisecond: the
	// library counts a timeout in whole ticks, so coarser ones would end it up to a tick too early.
	clock, nextTick int64
	// snapshotSent holds, by member, when a leader last sent it a snapshot.
	snapshotSent map[uint64]int64
	// compacted is where this incarnation last cut off the log.
	compacted position

	store store
	// storeIndex is the last entry that the store has seen.
	storeIndex uint64
	pending    []*pending

	seen report
}

// randomness is the source of a node's election timeouts (splitmix64), so that runs do not influence each other.
type randomness uint64

func (r *randomness) Read(bytes []byte) (int, error) {
	for i := range bytes {
		*r += 0x9e3779b97f4a7c15
		z := uint64(*r)
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		bytes[i] = byte((z ^ z>>31) >> 56)
	}
	return len(bytes), nil
}

// storage is where the library reads what was written. Its snapshots are taken when one is asked for, since only
// one that is new enough to name a new member is accepted by it.
type storage struct {
	*raft.MemoryStorage
	node *node
}

func (s storage) Snapshot() (*pb.Snapshot, error) { return s.node.takeSnapshot(), nil }

// takeSnapshot of the state machine as it is.
func (n *node) takeSnapshot() *pb.Snapshot {
	term, err := n.storage.Term(n.storeIndex)
	must(err)
	return &pb.Snapshot{Data: n.store.snapshot(), Metadata: &pb.SnapshotMetadata{
		Index: new(n.storeIndex), Term: &term, ConfState: n.tracker.ConfState(),
	}}
}

// boot starts the library from what the disk holds.
func (n *node) boot() {
	rand.Reader = &n.random
	n.storage = n.disk.recover()
	snapshot := n.disk.durable.snapshot
	options := n.run.options
	config := &raft.Config{
		ID:                        n.id,
		ElectionTick:              options.electionTimeout,
		HeartbeatTick:             options.heartbeatInterval,
		Storage:                   storage{n.storage, n},
		Applied:                   snapshot.GetMetadata().GetIndex(),
		AsyncStorageWrites:        n.run.async,
		MaxSizePerMsg:             options.messageSize,
		MaxCommittedSizePerReady:  math.MaxUint64,
		MaxInflightMsgs:           options.maxInflight,
		CheckQuorum:               options.checkQuorum,
		PreVote:                   options.preVote,
		Logger:                    quiet{},
		DisableProposalForwarding: true,
		StepDownOnRemoval:         true,
	}
	if n.run.lease && options.checkQuorum {
		config.ReadOnlyOption = raft.ReadOnlyLeaseBased
	}
	started, err := raft.NewRawNode(config)
	must(err)
	n.raft, n.observation = started, observe(started)
	n.nextTick = n.clock + 1
	n.snapshotSent = map[uint64]int64{}
	n.restore(snapshot)
	n.pending = nil
	n.seen, n.compacted = report{}, position{}
	n.down = false
}

// crash loses everything but the disk.
func (n *node) crash(keep []int64, torn int64) {
	n.disk.crash(keep, torn)
	n.raft, n.storage, n.observation = nil, nil, observation{}
	n.store, n.pending, n.down = nil, nil, true
}

func (n *node) leads() bool { return *n.state == raft.StateLeader }

// promotable members campaign when their election timeout ends.
func (n *node) promotable() bool {
	progress := n.tracker.Progress[n.id]
	return progress != nil && !progress.IsLearner && *n.snapshot == nil
}

// wake is the instant of the next tick that can matter, or -1.
func (n *node) wake() int64 {
	switch options := n.run.options; {
	case n.down:
		return -1
	case n.leads():
		left := min(options.heartbeatInterval-*n.heartbeatElapsed, options.electionTimeout-*n.electionElapsed)
		return n.nextTick + int64(max(1, left)-1)
	case n.promotable():
		return n.nextTick + int64(max(1, *n.drawnTimeout-*n.electionElapsed)-1)
	}
	return -1
}

// pass lets silent time pass up to `at`.
func (n *node) pass(at int64) {
	wake := n.wake()
	for !n.down && n.nextTick <= at && (wake < 0 || n.nextTick < wake) {
		n.tick()
	}
}

// resume is called after an input: a tick that was due at this very instant, but came second, is no part of a
// timeout that began now.
func (n *node) resume() {
	if n.nextTick <= n.clock && !n.leads() && *n.electionElapsed == 0 {
		n.nextTick = n.clock + 1
	}
}

// advance lets time pass up to `until`, or to the first tick that does something.
func (n *node) advance(until int64) {
	for n.pass(until); n.nextTick <= until; n.pass(until) {
		n.clock = n.nextTick
		n.tick()
		n.settle()
		if n.review(); n.spoke() || n.seen.differs(n) {
			return
		}
	}
	n.clock = max(n.clock, until)
}

func (n *node) tick() {
	n.nextTick++
	n.raft.Tick()
	if len(n.snapshotSent) > 0 {
		n.reportLostSnapshots()
	}
}

// reportLostSnapshots does what a transport does when a transfer ends in a timeout: the library waits for that.
func (n *node) reportLostSnapshots() {
	for id := uint64(1); id <= uint64(len(n.run.nodes)); id++ {
		sent, waiting := n.snapshotSent[id]
		if !waiting {
			continue
		}
		progress := n.tracker.Progress[id]
		if !n.leads() || progress == nil || progress.State != tracker.StateSnapshot {
			delete(n.snapshotSent, id)
		} else if n.nextTick-sent > int64(n.run.options.electionTimeout) {
			delete(n.snapshotSent, id)
			n.raft.ReportSnapshot(id, raft.SnapshotFailure)
		}
	}
}

// deliver hands over a message that arrived. Refused messages are lost, as the library documents.
func (n *node) deliver(message *pb.Message) { _ = n.raft.Step(message) }

// settle handles what the library has ready until nothing is left, or until a write must be waited for.
func (n *node) settle() {
	for !n.blocked() && n.raft.HasReady() {
		ready := n.raft.Ready()
		for _, state := range ready.ReadStates {
			n.readConfirmed(string(state.RequestCtx), state.Index)
		}
		if n.run.async {
			n.handleAsync(ready)
		} else {
			n.handle(ready)
		}
	}
}

// blocked reports whether a Ready waits for its write: then none can be taken (never with AsyncStorageWrites).
func (n *node) blocked() bool {
	return !n.run.async && n.disk.awaited() != nil
}

// handle does what a Ready asks without AsyncStorageWrites: write, then send, apply and advance. A leader sends at
// once, in parallel with its write, which the library allows once term and vote are written.
func (n *node) handle(ready raft.Ready) {
	w := &write{hard: ready.HardState, entries: ready.Entries, sync: ready.MustSync}
	if !raft.IsEmptySnap(ready.Snapshot) {
		w.snapshot, w.sync = ready.Snapshot, true
	}
	after := int64(0)
	if w.sync || w.hard != nil {
		parallel := n.leads() && !n.disk.renews(w.hard)
		n.write(w)
		if w.sync && !parallel {
			after = w.id
		}
	}
	for _, message := range ready.Messages {
		n.send(message, after)
	}
	if w.sync {
		w.ready = &ready
	} else {
		n.finish(&ready)
	}
}

// finish is the second half of handle, when what the Ready had to write is durable.
func (n *node) finish(ready *raft.Ready) {
	n.keep(ready.Snapshot, ready.Entries)
	n.apply(ready.CommittedEntries)
	n.raft.Advance(*ready)
}

// handleAsync does what a Ready asks with AsyncStorageWrites: its messages to the two storage threads say what to
// write and apply, and carry the responses to deliver after that; all other messages may leave at once.
func (n *node) handleAsync(ready raft.Ready) {
	for _, message := range ready.Messages {
		if message.GetTo() == raft.LocalAppendThread {
			n.handleAppend(message)
		}
	}
	for _, message := range ready.Messages {
		switch message.GetTo() {
		case raft.LocalAppendThread:
		case raft.LocalApplyThread:
			n.apply(message.GetEntries())
			n.respond(message.GetResponses())
		default:
			after := int64(0)
			if n.run.holdVotes && message.GetType() == pb.MsgVote {
				after = n.disk.awaited().id
			}
			n.send(message, after)
		}
	}
}

// handleAppend writes. Responses to others name the write that they wait for; those to this node are kept with it.
// A request that writes nothing only waits for the writes before it. A new term or vote is synced also where no
// response waits for it (raft.MustSync): one that writes nothing may follow.
func (n *node) handleAppend(message *pb.Message) {
	w := &write{entries: message.GetEntries(), sync: len(message.GetResponses()) > 0}
	if message.Term != nil {
		w.hard = &pb.HardState{Term: message.Term, Vote: message.Vote, Commit: message.Commit}
		w.sync = w.sync || n.disk.renews(w.hard)
	}
	if !raft.IsEmptySnap(message.GetSnapshot()) {
		w.snapshot = message.GetSnapshot()
	}
	if len(w.entries) > 0 || w.hard != nil || w.snapshot != nil {
		n.write(w)
	} else {
		w = n.disk.awaited()
	}
	var own []*pb.Message
	for _, response := range message.GetResponses() {
		switch {
		case response.GetTo() == n.id:
			own = append(own, response)
		case w == nil:
			n.send(response, 0)
		default:
			n.send(response, w.id)
		}
	}
	if w == nil {
		n.respond(own)
	} else {
		w.responses = append(w.responses, own...)
	}
}

// written goes on where acknowledged writes were waited for, one after the other.
func (n *node) written(last int64) {
	for _, w := range n.disk.acknowledge(last) {
		switch {
		case w.ready != nil:
			n.finish(w.ready)
			n.settle()
		case w.compactTo == nil && n.run.async:
			n.keep(w.snapshot, w.entries)
			n.respond(w.responses)
			n.settle()
		}
	}
}

func (n *node) respond(responses []*pb.Message) {
	for _, response := range responses {
		_ = n.raft.Step(response)
	}
}

// keep puts what was written where the library reads it, and installs a received snapshot.
func (n *node) keep(snapshot *pb.Snapshot, entries []*pb.Entry) {
	if !raft.IsEmptySnap(snapshot) {
		must(n.storage.ApplySnapshot(snapshot))
		n.restore(snapshot)
	}
	must(n.storage.Append(entries))
}

// restore replaces the state machine by a snapshot, and tells of it.
func (n *node) restore(snapshot *pb.Snapshot) {
	metadata := snapshot.GetMetadata()
	n.store, n.storeIndex = restoreStore(snapshot.GetData()), metadata.GetIndex()
	if raft.IsEmptySnap(snapshot) {
		return
	}
	b := appendField(n.run.output("restore"), "index", metadata.GetIndex())
	b = appendField(b, "term", metadata.GetTerm())
	b = appendText(b, "digest", storeDigest(snapshot.GetData()))
	n.run.outputs = append(b, '}')
}

// apply carries out committed entries.
func (n *node) apply(entries []*pb.Entry) {
	for _, entry := range entries {
		text := n.run.entryDigest(entry)
		b := appendField(n.run.output("apply"), "index", entry.GetIndex())
		b = appendField(b, "term", entry.GetTerm())
		b = appendText(b, "digest", text)
		n.run.outputs = append(b, '}')
		n.storeIndex = entry.GetIndex()
		if entry.GetType() == pb.EntryNormal {
			if value := n.store.apply(text); text != "" {
				n.answerProposal(operationOf(text), value)
			}
			continue
		}
		made := configurationOf(entry)
		n.answerChange(operationOf(text), made, n.raft.ApplyConfChange(made))
		n.seen.configuration = false
	}
}

// send keeps the message's bytes, and tells of it.
func (n *node) send(message *pb.Message, after int64) {
	if message.GetType() == pb.MsgSnap {
		n.snapshotSent[message.GetTo()] = n.clock
	}
	b := n.run.appendMessage(n.run.output("message"), n.id, message, after)
	n.run.outputs = append(b, '}')
}

// write hands a write to the disk, and tells of it.
func (n *node) write(w *write) {
	log := n.disk.add(w)
	b := appendField(n.run.output("write"), "id", w.id)
	b = appendFlag(append(b, `,"file":"log"`...), "sync", w.sync)
	b = append(b, `,"contents":{`...)
	start := len(b)
	if w.hard != nil {
		b = appendField(b, "term", w.hard.GetTerm())
		b = n.run.appendName(append(b, `,"vote":`...), w.hard.GetVote())
		b = appendField(b, "commit", w.hard.GetCommit())
	}
	if !log.empty() {
		b = n.run.appendDelta(append(b, `,"log":`...), log)
	}
	b = dropComma(b, start)
	n.run.outputs = append(b, '}', '}')
}
