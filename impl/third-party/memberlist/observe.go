package main

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hashicorp/memberlist"
)

// observedVersion is the version of the library whose unexported fields this file was written for.
const observedVersion = "v0.7.0"

// observation reads a Memberlist's state where it lies, and never writes it. Its API shows neither suspicions nor
// incarnations, nor when a timer will fire. Only to be used while every goroutine of the node is at rest.
type observation struct {
	incarnation *atomic.Uint32
	size        *atomic.Uint32 // number of nodes, as the library's scales see it
	leave       *atomic.Int32
	nodes       *[]*nodeRecord
	suspicions  *map[string]*suspicion
	ackHandlers *map[uint32]*ackHandler
	broadcasts  *memberlist.TransmitLimitedQueue
}

// nodeRecord is a record of the table. The State inside of Node is never set.
type nodeRecord struct {
	memberlist.Node
	Incarnation uint32
	State       memberlist.NodeStateType
	StateChange time.Time
}

// suspicion is the timer of a suspicion; n confirmations of k were seen.
type suspicion struct {
	n             atomic.Int32
	k             int32
	min           time.Duration
	max           time.Duration
	start         time.Time
	timer         *time.Timer
	timeoutFn     func()
	confirmations map[string]struct{}
}

// ackHandler waits for an ack: of an own probe if nackFn is set, else of one that another node asked for.
type ackHandler struct {
	ackFn  func([]byte, time.Time)
	nackFn func()
	timer  *time.Timer
}

func observe(list *memberlist.Memberlist) observation {
	base := unsafe.Pointer(list)
	return observation{
		incarnation: (*atomic.Uint32)(unsafe.Add(base, layout.incarnation)),
		size:        (*atomic.Uint32)(unsafe.Add(base, layout.size)),
		leave:       (*atomic.Int32)(unsafe.Add(base, layout.leave)),
		nodes:       (*[]*nodeRecord)(unsafe.Add(base, layout.nodes)),
		suspicions:  (*map[string]*suspicion)(unsafe.Add(base, layout.suspicions)),
		ackHandlers: (*map[uint32]*ackHandler)(unsafe.Add(base, layout.ackHandlers)),
		broadcasts:  *(**memberlist.TransmitLimitedQueue)(unsafe.Add(base, layout.broadcasts)),
	}
}

// layout holds the offsets of the fields, resolved once at start. A field that is missing, or has another type or
// layout, ends the program there.
var layout = func() (offsets struct {
	incarnation, size, leave, nodes, suspicions, ackHandlers, broadcasts uintptr
}) {
	list := reflect.TypeFor[memberlist.Memberlist]()
	offsets.incarnation = typedField[atomic.Uint32](list, "incarnation")
	offsets.size = typedField[atomic.Uint32](list, "numNodes")
	offsets.leave = typedField[atomic.Int32](list, "leave")
	offsets.broadcasts = typedField[*memberlist.TransmitLimitedQueue](list, "broadcasts")
	nodes := field(list, "nodes")
	suspicions := field(list, "nodeTimers")
	handlers := field(list, "ackHandlers")
	kinds := []reflect.Kind{nodes.Type.Kind(), suspicions.Type.Kind(), handlers.Type.Kind()}
	if kinds[0] != reflect.Slice || kinds[1] != reflect.Map || kinds[2] != reflect.Map ||
		suspicions.Type.Key().Kind() != reflect.String || handlers.Type.Key().Kind() != reflect.Uint32 {
		panic(fmt.Sprintf("observe.go: the tables are %s, %s, %s in this version", nodes.Type, suspicions.Type, handlers.Type))
	}
	mirrors[nodeRecord](nodes.Type.Elem())
	mirrors[suspicion](suspicions.Type.Elem())
	mirrors[ackHandler](handlers.Type.Elem())
	offsets.nodes, offsets.suspicions, offsets.ackHandlers = nodes.Offset, suspicions.Offset, handlers.Offset
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

// mirrors checks that a pointer to the library's structure may be read as one to Mirror.
func mirrors[Mirror any](pointer reflect.Type) {
	mirror := reflect.TypeFor[Mirror]()
	if pointer.Kind() != reflect.Pointer || pointer.Elem().Kind() != reflect.Struct ||
		pointer.Elem().NumField() != mirror.NumField() {
		panic(fmt.Sprintf("observe.go: %s has other fields in this version than %s", pointer, mirror))
	}
	for i := range mirror.NumField() {
		real, own := pointer.Elem().Field(i), mirror.Field(i)
		if real.Name != own.Name || real.Type != own.Type || real.Offset != own.Offset {
			panic(fmt.Sprintf("observe.go: %s.%s is %s in this version", pointer.Elem(), real.Name, real.Type))
		}
	}
}

// table is the library's list of nodes, in its own order.
func (o observation) table() []*nodeRecord { return *o.nodes }

// ends is when the suspicion ends, as the library computes it (suspicion.go).
func (s *suspicion) ends() time.Time {
	n := s.n.Load()
	if s.k < 1 {
		return s.start.Add(s.min)
	}
	if n == 0 {
		return s.start.Add(s.max)
	}
	return s.start.Add(shortened(n, s.k, s.min, s.max))
}
