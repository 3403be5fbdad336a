package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

// operationTimeout is how long the library may take to tell others that a member leaves, or of itself.
const operationTimeout = 30 * time.Second

// operations are those that are under way: all but the first to leave wait for the first.
type operations struct {
	leaving []int64
	ends    map[int64]time.Time
}

// operation is what a client or operator asks.
type operation struct {
	kind, meta string
	to         []*node
	unknown    string // a node that the run does not have
}

func (n *node) hasLeft() bool { return n.leave.Load() == 1 }

// deadlines calls each with the instants at which operations give up.
func (n *node) deadlines(each func(time.Time)) {
	for _, end := range n.ends {
		each(end)
	}
}

// result notes how an operation ended.
func (n *node) result(id int64, status, reason string) {
	n.transport.note(effect{kind: result, operation: id, name: status, meta: reason})
}

// begin carries an operation out beside the node's own goroutines: all of them may block. What the library throws
// ends the node.
func (n *node) begin(id int64, carryOut func() error, answer func(err error)) {
	if n.ends == nil {
		n.ends = map[int64]time.Time{}
	}
	n.ends[id] = time.Now().Add(operationTimeout)
	go func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				n.transport.note(effect{kind: panicked, name: fmt.Sprint(thrown)})
			}
		}()
		answer(carryOut())
	}()
}

// operate begins an operation; its text says why it is not supported, or is empty. A member that has left cannot
// come back in the same life, and the library does not expect to be asked.
func (n *node) operate(id int64, o *operation) (unsupported string) {
	switch o.kind {
	case "join":
		if n.hasLeft() {
			n.result(id, "failed", "left")
			return ""
		}
		n.join(id, o.to)
	case "leave":
		n.leaveOnce(id)
	case "update":
		switch {
		case n.hasLeft():
			n.result(id, "failed", "left")
		case len(o.meta) > memberlist.MetaMaxSize:
			n.result(id, "failed", "meta-too-long")
		default:
			n.meta = []byte(o.meta)
			n.begin(id, func() error { return n.list.UpdateNode(operationTimeout) }, func(err error) { n.told(id, err) })
		}
	default:
		return "no operation " + o.kind
	}
	return ""
}

func (n *node) join(id int64, to []*node) {
	existing := []string{}
	for _, each := range to {
		existing = append(existing, each.name+"/"+each.address)
	}
	joined := 0
	n.begin(id, func() (err error) {
		joined, err = n.list.Join(existing)
		return err
	}, func(err error) {
		switch {
		case joined > 0:
			n.result(id, "ok", "")
		case err != nil && strings.Contains(err.Error(), "i/o timeout"):
			// The other may have taken the table that it was sent.
			n.result(id, "unknown", "timeout")
		case err != nil && strings.Contains(err.Error(), "refused"):
			n.result(id, "failed", "refused")
		default:
			n.result(id, "failed", "no-answer")
		}
	})
	// Each of them may take its time.
	delete(n.ends, id)
}

// leaveOnce does not ask the library twice at a time: the second call would wait for a lock.
func (n *node) leaveOnce(id int64) {
	n.leaving = append(n.leaving, id)
	if len(n.leaving) > 1 {
		return
	}
	n.begin(id, func() error { return n.list.Leave(operationTimeout) }, func(err error) {
		for _, each := range n.leaving {
			n.told(each, err)
		}
		n.leaving = nil
	})
}

// told ends an operation that waits until others were told.
func (n *node) told(id int64, err error) {
	if err != nil {
		n.result(id, "unknown", "timeout")
	} else {
		n.result(id, "ok", "")
	}
}
