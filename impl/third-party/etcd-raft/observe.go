package main

import (
	"fmt"
	"reflect"
	"unsafe"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// observedVersion is the version of the library whose unexported fields this file was written for.
const observedVersion = "v3.7.0"

// observation reads a RawNode's state where it lies, and never writes it. The exported API shows the log only
// as far as a Ready was taken, and none can be taken while one is being written; the judges need the log as it
// is between any two steps. Status would do for the rest, but copies the whole configuration on every call.
type observation struct {
	term, vote, lead, transferee *uint64
	state                        *raft.StateType
	// In ticks; drawnTimeout is the randomized election timeout.
	electionElapsed, heartbeatElapsed, drawnTimeout *int
	tracker                                         *tracker.ProgressTracker
	committed, applied                              *uint64
	// The part of the log that is not yet known to be written: a received snapshot, and entries from `offset`.
	snapshot **pb.Snapshot
	entries  *[]*pb.Entry
	offset   *uint64
}

func observe(node *raft.RawNode) observation {
	core := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(node), layout.core))
	log := *(*unsafe.Pointer)(unsafe.Add(core, layout.log))
	unstable := unsafe.Add(log, layout.unstable)
	return observation{
		term:             (*uint64)(unsafe.Add(core, layout.term)),
		vote:             (*uint64)(unsafe.Add(core, layout.vote)),
		lead:             (*uint64)(unsafe.Add(core, layout.lead)),
		transferee:       (*uint64)(unsafe.Add(core, layout.transferee)),
		state:            (*raft.StateType)(unsafe.Add(core, layout.state)),
		electionElapsed:  (*int)(unsafe.Add(core, layout.electionElapsed)),
		heartbeatElapsed: (*int)(unsafe.Add(core, layout.heartbeatElapsed)),
		drawnTimeout:     (*int)(unsafe.Add(core, layout.drawnTimeout)),
		tracker:          (*tracker.ProgressTracker)(unsafe.Add(core, layout.tracker)),
		committed:        (*uint64)(unsafe.Add(log, layout.committed)),
		applied:          (*uint64)(unsafe.Add(log, layout.applied)),
		snapshot:         (**pb.Snapshot)(unsafe.Add(unstable, layout.snapshot)),
		entries:          (*[]*pb.Entry)(unsafe.Add(unstable, layout.entries)),
		offset:           (*uint64)(unsafe.Add(unstable, layout.offset)),
	}
}

// layout holds the offsets of the fields, resolved once at start. A field that is missing or has another type
// ends the program there.
var layout = func() (offsets struct {
	core, tracker, log, committed, applied          uintptr
	term, vote, lead, transferee, state             uintptr
	electionElapsed, heartbeatElapsed, drawnTimeout uintptr
	unstable, snapshot, entries, offset             uintptr
}) {
	node := reflect.TypeFor[raft.RawNode]()
	offsets.core = field(node, "raft").Offset
	core := field(node, "raft").Type.Elem()
	offsets.term = typedField[uint64](core, "Term")
	offsets.vote = typedField[uint64](core, "Vote")
	offsets.lead = typedField[uint64](core, "lead")
	offsets.transferee = typedField[uint64](core, "leadTransferee")
	offsets.state = typedField[raft.StateType](core, "state")
	offsets.electionElapsed = typedField[int](core, "electionElapsed")
	offsets.heartbeatElapsed = typedField[int](core, "heartbeatElapsed")
	offsets.drawnTimeout = typedField[int](core, "randomizedElectionTimeout")
	offsets.tracker = typedField[tracker.ProgressTracker](core, "trk")
	offsets.log = field(core, "raftLog").Offset
	log := field(core, "raftLog").Type.Elem()
	offsets.committed = typedField[uint64](log, "committed")
	offsets.applied = typedField[uint64](log, "applied")
	offsets.unstable = field(log, "unstable").Offset
	unstable := field(log, "unstable").Type
	offsets.snapshot = typedField[*pb.Snapshot](unstable, "snapshot")
	offsets.entries = typedField[[]*pb.Entry](unstable, "entries")
	offsets.offset = typedField[uint64](unstable, "offset")
	return offsets
}()

func field(structure reflect.Type, name string) reflect.StructField {
	found, ok := structure.FieldByName(name)
	if !ok {
		panic(fmt.Sprintf("observe.go: %s has no field %s in this version", structure, name))
	}
	return found
}

func typedField[T any](structure reflect.Type, name string) uintptr {
	found := field(structure, name)
	if found.Type != reflect.TypeFor[T]() {
		panic(fmt.Sprintf("observe.go: %s.%s is %s in this version", structure, name, found.Type))
	}
	return found.Offset
}
