package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

// port is where every member listens, as by default.
const port = 7946

// transport hands what the library sends to the suite, and to the library what the suite delivers. Everything in it
// lives in the bubble of its node.
type transport struct {
	node    *node
	packets chan *memberlist.Packet
	opened  chan net.Conn

	mu      sync.Mutex
	closed  bool
	conns   map[*stream]*conn
	effects []effect
	// touched is signalled with each effect.
	touched chan struct{}
}

// stream is the identity of a stream in a run; its number is 0 until its first message is shown.
type stream struct {
	number         int64
	opener, target *node
}

// effect is what the library did towards the outside, in the order in which it did.
type effect struct {
	kind effectKind
	at   time.Time
	// Of a datagram or a message of a stream.
	to     *node
	bytes  []byte
	stream *stream
	opens  bool
	score  int
	view   message
	// Of an event: its name, the member, and what that tells of itself. Of a result: status and reason.
	name, subject, meta string
	operation           int64
}

type effectKind int

const (
	sent effectKind = iota
	event
	result
	exchanged // a push/pull of its own has ended
	panicked
)

func newTransport(n *node) *transport {
	return &transport{
		node: n, packets: make(chan *memberlist.Packet, 16), opened: make(chan net.Conn, 16),
		conns: map[*stream]*conn{}, touched: make(chan struct{}, 1),
	}
}

// note records an effect; what a node does after its death is lost.
func (t *transport) note(e effect) {
	e.at = time.Now()
	t.mu.Lock()
	if !t.closed {
		t.effects = append(t.effects, e)
	}
	t.mu.Unlock()
	select {
	case t.touched <- struct{}{}:
	default:
	}
}

func (t *transport) take() []effect {
	t.mu.Lock()
	defer t.mu.Unlock()
	effects := t.effects
	t.effects = nil
	return effects
}

// shut ends all streams and loses all effects from now on.
func (t *transport) shut() {
	t.mu.Lock()
	t.closed = true
	conns := make([]*conn, 0, len(t.conns))
	for _, c := range t.conns {
		conns = append(conns, c)
	}
	t.mu.Unlock()
	for _, c := range conns {
		c.fail(net.ErrClosed)
	}
}

// route finds the node that listens at an address. An address that nobody in the run has is taken for that of the
// node that is meant: it is not known there how it came by it.
func (t *transport) route(to memberlist.Address) *node {
	for _, each := range t.node.run.nodes {
		if each.address == to.Addr {
			return each
		}
	}
	return t.node.run.find(to.Name)
}

func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.node.ip, port, nil
}

func (t *transport) WriteToAddress(packet []byte, to memberlist.Address) (time.Time, error) {
	if target := t.route(to); target != nil {
		view, err := decodePacket(packet)
		must(err)
		t.note(effect{kind: sent, to: target, bytes: packet, view: view, score: t.node.list.GetHealthScore()})
	}
	return time.Now(), nil
}

func (t *transport) WriteTo(packet []byte, address string) (time.Time, error) {
	return t.WriteToAddress(packet, memberlist.Address{Addr: address})
}

func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

func (t *transport) StreamCh() <-chan net.Conn { return t.opened }

// DialAddressTimeout succeeds at once: a stream is opened by its first message, and refused later if at all.
func (t *transport) DialAddressTimeout(to memberlist.Address, _ time.Duration) (net.Conn, error) {
	target := t.route(to)
	if target == nil {
		return nil, errRefused
	}
	return t.connect(&stream{opener: t.node, target: target}, target)
}

func (t *transport) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: address}, timeout)
}

func (t *transport) Shutdown() error { return nil }

func (t *transport) connect(s *stream, peer *node) (*conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, net.ErrClosed
	}
	c := &conn{transport: t, stream: s, peer: peer, arrived: make(chan struct{}, 1)}
	t.conns[s] = c
	return c, nil
}

// receive gives a node a message of a stream; one that opens it makes a connection.
func (t *transport) receive(s *stream, text []byte, from *node) {
	t.mu.Lock()
	c := t.conns[s]
	t.mu.Unlock()
	if c == nil && s.opener != t.node {
		made, err := t.connect(s, from)
		must(err)
		made.push(text)
		t.opened <- made
		return
	}
	// Whoever has given up waiting, or has died since, does not get the answer.
	if c != nil && s.opener == t.node {
		c.push(text)
	}
}

// find returns this node's end of a stream that it has opened, or nil.
func (t *transport) find(number int64) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, c := range t.conns {
		if s.number == number && s.opener == t.node {
			return c
		}
	}
	return nil
}

// deadlines calls each with the instants at which somebody stops waiting on a stream.
func (t *transport) deadlines(each func(time.Time)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.conns {
		if !c.deadline.IsZero() {
			each(c.deadline)
		}
	}
}

var errRefused = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// conn is one end of a stream. Its deadline counts from the next Read on: the library sets it before.
type conn struct {
	transport *transport
	stream    *stream
	peer      *node

	mu       sync.Mutex
	inbox    []byte
	err      error
	deadline time.Time
	// What was written and is not yet a whole message.
	outbox []byte
	// A table that this node sends by itself, not to join.
	exchange bool
	arrived  chan struct{}
}

func (c *conn) push(text []byte) {
	c.mu.Lock()
	c.inbox = append(c.inbox, text...)
	c.mu.Unlock()
	c.signal()
}

func (c *conn) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

func (c *conn) Read(into []byte) (int, error) {
	for {
		c.mu.Lock()
		count := copy(into, c.inbox)
		c.inbox = c.inbox[count:]
		err, deadline := c.err, c.deadline
		c.mu.Unlock()
		if count > 0 {
			return count, nil
		}
		if err != nil {
			return 0, err
		}
		var expired <-chan time.Time
		if !deadline.IsZero() {
			expired = time.After(time.Until(deadline))
		}
		select {
		case <-c.arrived:
		case <-expired:
			c.fail(os.ErrDeadlineExceeded)
		}
	}
}

// Write passes a message on once it is whole. The library writes each in one piece.
func (c *conn) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.outbox = append(c.outbox, text...)
	opens := c.stream.opener == c.transport.node
	view, err := decodeStream(c.outbox, opens)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return len(text), nil
	}
	must(err)
	c.exchange = view.kind == "push-pull" && !view.join
	c.transport.note(effect{kind: sent, to: c.peer, bytes: c.outbox, stream: c.stream, opens: opens, view: view})
	c.outbox = nil
	return len(text), nil
}

func (c *conn) Close() error {
	t := c.transport
	t.mu.Lock()
	open := t.conns[c.stream] == c
	delete(t.conns, c.stream)
	t.mu.Unlock()
	if open && c.exchange {
		t.note(effect{kind: exchanged})
	}
	c.fail(io.ErrClosedPipe)
	return nil
}

func (c *conn) SetDeadline(deadline time.Time) error {
	c.mu.Lock()
	c.deadline = deadline
	c.mu.Unlock()
	return nil
}

func (c *conn) SetReadDeadline(deadline time.Time) error { return c.SetDeadline(deadline) }
func (c *conn) SetWriteDeadline(time.Time) error         { return nil }
func (c *conn) LocalAddr() net.Addr                      { return c.transport.node.netAddress() }
func (c *conn) RemoteAddr() net.Addr                     { return c.peer.netAddress() }
