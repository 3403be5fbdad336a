package main

import (
	"slices"
	"strconv"

	pb "go.etcd.io/raft/v3/raftpb"
)

// pending is an operation that is not yet answered.
type pending struct {
	id        int64
	operation string
	// What the node was when it began: a later term, leader or role ends the wait.
	term, lead uint64
	leads      bool
	// Of a read: the index to be applied before it may be answered, once that is confirmed.
	confirmed bool
	index     uint64
	key       string
	// Of a transfer.
	to uint64
	// Of a membership change: the joint configuration is in effect, its end is awaited.
	joint bool
}

// operation is what a client or operator asks.
type operation struct {
	kind    string
	command command
	key, by string
	to      uint64
	changes []change
	joint   bool
	keep    uint64
	unknown string // a node that the run does not have
}

// result answers an operation.
func (n *node) result(id int64, status string, value *string, reason string) {
	b := appendField(n.run.output("result"), "operation", id)
	b = append(append(b, `,"status":"`...), status...)
	b = append(b, `","value":`...)
	if value == nil {
		b = append(b, "null"...)
	} else {
		b = appendString(b, *value)
	}
	b = appendText(b, "reason", reason)
	n.run.outputs = append(b, '}')
}

func (n *node) refuse(id int64, reason string) { n.result(id, "failed", nil, reason) }

func (n *node) await(id int64, operation string) *pending {
	p := &pending{id: id, operation: operation, term: *n.term, lead: *n.lead, leads: n.leads()}
	n.pending = append(n.pending, p)
	return p
}

// find returns the operation that waits under this id, or nil.
func (n *node) find(id int64, operation string) *pending {
	for _, p := range n.pending {
		if p.id == id && p.operation == operation {
			return p
		}
	}
	return nil
}

func (n *node) answer(p *pending, status string, value *string, reason string) {
	n.pending = slices.DeleteFunc(n.pending, func(other *pending) bool { return other == p })
	n.result(p.id, status, value, reason)
}

// operate begins an operation; its text says why it is not supported, or is empty.
func (n *node) operate(id int64, o *operation) (unsupported string) {
	switch o.kind {
	case "propose":
		n.propose(id, o.command)
	case "read":
		return n.read(id, o)
	case "transfer":
		n.transfer(id, o)
	case "change-membership":
		n.changeMembership(id, o)
	case "compact":
		n.compact(id, o.keep)
	default:
		return "no operation " + o.kind
	}
	return ""
}

func (n *node) propose(id int64, c command) {
	if !n.leads() {
		n.refuse(id, "not-leader")
	} else if n.raft.Propose([]byte(c.text(id))) != nil {
		n.refuse(id, "dropped")
	} else {
		n.await(id, "propose")
	}
}

func (n *node) answerProposal(id int64, value *string) {
	if p := n.find(id, "propose"); p != nil {
		n.answer(p, "ok", value, "")
	}
}

func (n *node) read(id int64, o *operation) (unsupported string) {
	leased := n.run.lease && n.run.options.checkQuorum
	if o.by == "lease" && !leased {
		return "reads by lease need the flag --lease and a run with checkQuorum"
	}
	if o.by != "lease" && leased {
		return "with the flag --lease, runs with checkQuorum answer reads by lease only"
	}
	switch {
	case *n.lead == 0:
		n.refuse(id, "no-leader")
	case leased && !n.leads():
		n.refuse(id, "not-leader")
	default:
		n.await(id, "read").key = o.key
		n.raft.ReadIndex(strconv.AppendInt(nil, id, 10))
	}
	return ""
}

// readConfirmed learns the index that a read must see.
func (n *node) readConfirmed(request string, index uint64) {
	id, err := strconv.ParseInt(request, 10, 64)
	if err != nil {
		return
	}
	if p := n.find(id, "read"); p != nil {
		p.confirmed, p.index = true, index
	}
}

func (n *node) transfer(id int64, o *operation) {
	to := o.to
	progress := n.tracker.Progress[to]
	switch {
	case !n.leads():
		n.refuse(id, "not-leader")
	case progress == nil:
		n.refuse(id, "not-member")
	case progress.IsLearner:
		n.refuse(id, "not-voter")
	case to == n.id:
		n.refuse(id, "already-leader")
	default:
		n.await(id, "transfer").to = to
		n.raft.TransferLeader(to)
	}
}

func (n *node) changeMembership(id int64, o *operation) {
	switch {
	case !n.leads():
		n.refuse(id, "not-leader")
		return
	case len(o.changes) == 0:
		n.refuse(id, "no-change")
		return
	case len(n.tracker.Voters[1]) == 0 && !n.leavesVoter(o.changes):
		n.refuse(id, "no-voters")
		return
	}
	if n.raft.ProposeConfChange(configurationChange(o.changes, o.joint, tag(id))) != nil {
		n.refuse(id, "dropped")
		return
	}
	// The library puts an empty entry in the place of a change that may not be made now.
	entries := *n.entries
	switch {
	case entries[len(entries)-1].GetType() != pb.EntryNormal:
		n.await(id, "change-membership")
	case len(n.tracker.Voters[1]) > 0:
		n.refuse(id, "joint-configuration")
	default:
		n.refuse(id, "change-in-progress")
	}
}

// leavesVoter reports whether a voter is left: the library panics when the last one is removed.
func (n *node) leavesVoter(changes []change) bool {
	voters := map[uint64]bool{}
	for id := range n.tracker.Voters[0] {
		voters[id] = true
	}
	for _, c := range changes {
		switch c.kind {
		case "add-voter":
			voters[c.node] = true
		case "remove":
			delete(voters, c.node)
		case "add-learner":
			delete(voters, c.node)
		}
	}
	return len(voters) > 0
}

// answerChange ends a membership change: when it was applied, or when the joint configuration that it began is left.
func (n *node) answerChange(id int64, made *pb.ConfChangeV2, now *pb.ConfState) {
	if p := n.find(id, "change-membership"); p != nil {
		if p.joint = len(now.GetVotersOutgoing()) > 0; !p.joint {
			n.answer(p, "ok", nil, "")
		}
	}
	if !made.LeaveJoint() {
		return
	}
	for _, p := range slices.Clone(n.pending) {
		if p.joint {
			n.answer(p, "ok", nil, "")
		}
	}
}

// compact takes a snapshot at the applied index, and discards the log up to `keep` entries before it.
func (n *node) compact(id int64, keep uint64) {
	first, err := n.storage.FirstIndex()
	must(err)
	if *n.snapshot != nil {
		n.refuse(id, "installing-snapshot")
		return
	}
	if n.storeIndex < first || n.storeIndex-(first-1) <= keep {
		n.refuse(id, "nothing-to-compact")
		return
	}
	w := &write{sync: true, snapshot: n.takeSnapshot(), compactTo: &position{index: n.storeIndex - keep}}
	w.compactTo.term, err = n.storage.Term(w.compactTo.index)
	must(err)
	must(n.storage.Compact(w.compactTo.index))
	n.compacted = *w.compactTo
	n.write(w)
	n.result(id, "ok", nil, "")
}

// review gives up what the change of term, leader or role has ended, and answers the reads that can be answered.
func (n *node) review() {
	if len(n.pending) == 0 {
		return
	}
	for _, p := range slices.Clone(n.pending) {
		changed := p.term != *n.term || p.leads != n.leads()
		switch {
		case p.operation == "transfer":
			n.reviewTransfer(p)
		case p.operation != "read" && changed:
			n.answer(p, "unknown", nil, "lost-leadership")
		case p.operation != "read":
		case changed || p.lead != *n.lead:
			n.answer(p, "failed", nil, "lost-leadership")
		case p.confirmed && n.storeIndex >= p.index:
			n.answer(p, "ok", n.store.get(p.key), "")
		}
	}
}

// reviewTransfer ends a transfer when another leader is known, or when the library has given it up.
func (n *node) reviewTransfer(p *pending) {
	switch lead := *n.lead; {
	case lead == p.to:
		n.answer(p, "ok", nil, "")
	case lead != 0 && lead != n.id:
		n.answer(p, "unknown", nil, "other-leader")
	case n.leads() && (*n.transferee != p.to || *n.term != p.term):
		n.answer(p, "unknown", nil, "given-up")
	}
}
