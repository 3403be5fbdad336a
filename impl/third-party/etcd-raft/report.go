package main

import (
	"bytes"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// logDelta is what happened to a log, in this order. Absent parts did not happen.
type logDelta struct {
	restore  *position
	truncate *uint64
	append   []*pb.Entry
	compact  *position
}

func (d logDelta) empty() bool {
	return d.restore == nil && d.truncate == nil && d.append == nil && d.compact == nil
}

func (m members) appendDelta(b []byte, d logDelta) []byte {
	b = append(b, '{')
	start := len(b)
	if d.restore != nil {
		b = append(b, `,"restore":{"retain":false`...)
		b = append(appendPosition(b, *d.restore), '}')
	}
	if d.truncate != nil {
		b = appendField(b, "truncate", *d.truncate)
	}
	if d.append != nil {
		b = m.appendEntries(append(b, `,"append":`...), d.append)
	}
	if d.compact != nil {
		b = append(b, `,"compact":{`...)
		comma := len(b)
		b = append(dropComma(appendPosition(b, *d.compact), comma), '}')
	}
	return append(dropComma(b, start), '}')
}

func appendPosition(b []byte, p position) []byte {
	return appendField(appendField(b, "index", p.index), "term", p.term)
}

// dropComma removes the comma at `at`, if anything was appended there.
func dropComma(b []byte, at int) []byte {
	if len(b) > at {
		return append(b[:at], b[at+1:]...)
	}
	return b
}

// report is what the suite was last told of a node.
type report struct {
	// whole is false until the first report of an incarnation, which tells everything.
	whole            bool
	role             raft.StateType
	term, vote, lead uint64
	commit, applied  uint64
	configuration    bool
	snapshot         *pb.Snapshot
	base             position
	entries          []*pb.Entry
}

// differs reports whether state has changed since the last report (the log changes only together with it, or by
// an input).
func (r *report) differs(n *node) bool {
	return !r.whole || r.role != *n.state || r.term != *n.term || r.vote != *n.vote || r.lead != *n.lead ||
		r.commit != *n.committed || r.applied != *n.applied || !r.configuration
}

// appendState appends the fields that changed.
func (n *node) appendState(b []byte) []byte {
	r := &n.seen
	if !r.differs(n) {
		return b
	}
	b = append(b, `,"state":{`...)
	start := len(b)
	if !r.whole {
		b = append(b, `,"ready":false`...)
	}
	if !r.whole || r.role != *n.state {
		r.role = *n.state
		b = appendText(b, "role", roleOf(r.role))
	}
	if !r.whole || r.term != *n.term {
		r.term = *n.term
		b = appendField(b, "term", r.term)
	}
	if !r.whole || r.vote != *n.vote {
		r.vote = *n.vote
		b = n.run.appendName(append(b, `,"vote":`...), r.vote)
	}
	if !r.whole || r.lead != *n.lead {
		r.lead = *n.lead
		b = n.run.appendName(append(b, `,"leader":`...), r.lead)
	}
	if !r.whole || r.commit != *n.committed {
		r.commit = *n.committed
		b = appendField(b, "commit", r.commit)
	}
	if !r.whole || r.applied != *n.applied {
		r.applied = *n.applied
		b = appendField(b, "applied", r.applied)
	}
	if !r.configuration {
		b = n.run.appendConfiguration(append(b, `,"configuration":`...), n.tracker.ConfState())
	}
	r.whole, r.configuration = true, true
	return append(dropComma(b, start), '}')
}

// appendLog appends what happened to the log since the last report.
func (n *node) appendLog(b []byte) []byte {
	delta := n.logDelta()
	if delta.empty() {
		return b
	}
	return n.run.appendDelta(append(b, `,"log":`...), delta)
}

// logDelta compares the library's log with what was last reported. Entries that the library holds to be stable do
// not change any more, so only the others are compared.
func (n *node) logDelta() (delta logDelta) {
	r := &n.seen
	if !r.whole {
		base, entries := n.wholeLog()
		r.base, r.entries, r.snapshot = base, entries, *n.snapshot
		return logDelta{restore: &base, append: entries}
	}
	if snapshot := *n.snapshot; snapshot != r.snapshot {
		if r.snapshot = snapshot; snapshot != nil {
			r.base = position{snapshot.GetMetadata().GetIndex(), snapshot.GetMetadata().GetTerm()}
			r.entries = r.entries[:0]
			delta.restore = new(r.base)
			// A snapshot brings its configuration.
			r.configuration = false
		}
	}
	first := *n.offset - r.base.index - 1
	same := 0
	unstable := *n.entries
	for same < len(unstable) && first+uint64(same) < uint64(len(r.entries)) && sameEntry(unstable[same], r.entries[first+uint64(same)]) {
		same++
	}
	if kept := first + uint64(same); kept < uint64(len(r.entries)) {
		delta.truncate = new(r.base.index + kept)
		r.entries = r.entries[:kept]
	}
	if same < len(unstable) {
		delta.append = unstable[same:]
		r.entries = append(r.entries, delta.append...)
	}
	if base := n.compacted; base.index > r.base.index {
		r.entries = append([]*pb.Entry(nil), r.entries[base.index-r.base.index:]...)
		r.base, delta.compact = base, &base
	}
	return delta
}

func sameEntry(a, b *pb.Entry) bool {
	return a == b || a.GetIndex() == b.GetIndex() && a.GetTerm() == b.GetTerm() &&
		a.GetType() == b.GetType() && bytes.Equal(a.GetData(), b.GetData())
}

// wholeLog reads the log from the library's storage and what is not yet there.
func (n *node) wholeLog() (position, []*pb.Entry) {
	var base position
	entries := []*pb.Entry{}
	if snapshot := *n.snapshot; snapshot != nil {
		base = position{snapshot.GetMetadata().GetIndex(), snapshot.GetMetadata().GetTerm()}
	} else {
		first, err := n.storage.FirstIndex()
		must(err)
		term, err := n.storage.Term(first - 1)
		must(err)
		base = position{first - 1, term}
		if *n.offset > first {
			stored, err := n.storage.Entries(first, *n.offset, ^uint64(0))
			must(err)
			entries = append(entries, stored...)
		}
	}
	return base, append(entries, *n.entries...)
}
