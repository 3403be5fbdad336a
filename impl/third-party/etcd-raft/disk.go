package main

import (
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// position is the last index of a log prefix, and its term.
type position struct{ index, term uint64 }

// diskState is what a node finds after a crash.
type diskState struct {
	hard *pb.HardState
	// base precedes the first entry; the snapshot lies at it or, after a compaction that kept entries, above it.
	base     position
	snapshot *pb.Snapshot
	entries  []*pb.Entry
}

// write is one write to the log file, whole or not at all: a record with a checksum.
type write struct {
	id           int64
	sync         bool
	acknowledged bool
	hard         *pb.HardState
	entries      []*pb.Entry
	// snapshot replaces the log, unless compactTo is set: then it was taken here, and covers the log up to there.
	snapshot  *pb.Snapshot
	compactTo *position
	// What waits for the write: the Ready that it came from, or responses to this node (AsyncStorageWrites).
	ready     *raft.Ready
	responses []*pb.Message
}

// disk holds what is durable, and the writes after that in order. A write is durable once it, or a later one, is
// acknowledged and synced.
type disk struct {
	durable diskState
	writes  []*write
	lastID  int64
	// The last index of the log, and term and vote, as all writes will leave them.
	lastIndex uint64
	hard      *pb.HardState
}

// add gives the write its id, and returns what it does to the log.
func (d *disk) add(w *write) (delta logDelta) {
	d.lastID++
	w.id = d.lastID
	d.writes = append(d.writes, w)
	if w.hard != nil {
		d.hard = w.hard
	}
	delta.compact = w.compactTo
	if w.snapshot != nil && w.compactTo == nil {
		delta.restore = &position{w.snapshot.GetMetadata().GetIndex(), w.snapshot.GetMetadata().GetTerm()}
		d.lastIndex = delta.restore.index
	}
	if len(w.entries) > 0 {
		before := w.entries[0].GetIndex() - 1
		if before < d.lastIndex {
			delta.truncate = &before
		}
		delta.append = w.entries
		d.lastIndex = before + uint64(len(w.entries))
	}
	return delta
}

// renews reports whether a hard state brings a new term or vote.
func (d *disk) renews(hard *pb.HardState) bool {
	return hard != nil && (hard.GetTerm() != d.hard.GetTerm() || hard.GetVote() != d.hard.GetVote())
}

// awaited returns the last synced write of the library that is not yet acknowledged, or nil.
func (d *disk) awaited() *write {
	for _, w := range slices.Backward(d.writes) {
		if w.sync && !w.acknowledged && w.compactTo == nil {
			return w
		}
	}
	return nil
}

// acknowledge marks the writes up to `last`, and returns those that were not acknowledged before.
func (d *disk) acknowledge(last int64) (fresh []*write) {
	durable := 0
	for i, w := range d.writes {
		if w.id > last {
			break
		}
		if !w.acknowledged {
			w.acknowledged = true
			fresh = append(fresh, w)
		}
		if w.sync {
			durable = i + 1
		}
	}
	for _, w := range d.writes[:durable] {
		d.durable.fold(w)
	}
	d.writes = slices.Delete(d.writes, 0, durable)
	return fresh
}

// crash loses all writes that are neither durable nor kept, and everything behind the first lost one.
func (d *disk) crash(keep []int64, torn int64) {
	for _, w := range d.writes {
		if w.id == torn || !slices.Contains(keep, w.id) {
			break
		}
		d.durable.fold(w)
	}
	d.writes = nil
}

func (s *diskState) fold(w *write) {
	if w.snapshot != nil {
		s.snapshot = w.snapshot
		if w.compactTo == nil {
			s.base = position{w.snapshot.GetMetadata().GetIndex(), w.snapshot.GetMetadata().GetTerm()}
			s.entries = nil
		}
	}
	if len(w.entries) > 0 {
		before := w.entries[0].GetIndex() - s.base.index - 1
		s.entries = append(s.entries[:before], w.entries...)
	}
	if w.hard != nil {
		s.hard = w.hard
	}
	if w.compactTo != nil && w.compactTo.index > s.base.index {
		s.entries = slices.Clone(s.entries[w.compactTo.index-s.base.index:])
		s.base = *w.compactTo
	}
}

// recover makes the library's storage from what the disk holds.
func (d *disk) recover() *raft.MemoryStorage {
	storage := raft.NewMemoryStorage()
	state := d.durable
	if state.snapshot != nil {
		metadata := state.snapshot.GetMetadata()
		must(storage.ApplySnapshot(&pb.Snapshot{Data: state.snapshot.GetData(), Metadata: &pb.SnapshotMetadata{
			Index: new(state.base.index), Term: new(state.base.term), ConfState: metadata.GetConfState(),
		}}))
		must(storage.Append(state.entries))
		if metadata.GetIndex() > state.base.index {
			_, err := storage.CreateSnapshot(metadata.GetIndex(), metadata.GetConfState(), state.snapshot.GetData())
			must(err)
		}
	} else {
		must(storage.Append(state.entries))
	}
	must(storage.SetHardState(state.hard))
	d.lastIndex, d.hard = state.base.index+uint64(len(state.entries)), state.hard
	return storage
}

// must turns an error that the adapter excludes into a panic, which ends the node and is reported.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
