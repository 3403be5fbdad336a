package main

import (
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
)

// node is one member. While it is up it lives in a bubble of its own, with a clock of its own; outside of its steps
// that clock stands still.
type node struct {
	run     *run
	name    string
	number  int
	ip      net.IP
	address string

	// Local time in milliseconds: at the end of the last step, and when the bubble was made.
	clock, born int64
	up          bool
	broken      string
	lives       int64
	steps       int64

	bubble    *bubble
	epoch     time.Time // the bubble's clock at `born`
	list      *memberlist.Memberlist
	transport *transport
	meta      []byte
	observation
	agenda
	operations
	seen report
}

// netAddr is a node as the library's logs want it.
type netAddr string

func (netAddr) Network() string  { return "udp" }
func (a netAddr) String() string { return string(a) }

func (n *node) netAddress() net.Addr { return netAddr(n.address) }

// bubble is a goroutine in a synctest bubble that does what it is told. It waits on channels from outside of the
// bubble, so that no time passes meanwhile.
type bubble struct {
	tasks chan func()
	done  chan any // what a task has thrown, or nil
	ended chan struct{}
}

func newBubble(t *testing.T) *bubble {
	b := &bubble{make(chan func()), make(chan any), make(chan struct{})}
	go func() {
		defer close(b.ended)
		// Goroutines that are left over when the bubble ends make synctest panic; they can do no harm any more.
		defer func() { _ = recover() }()
		synctest.Test(t, func(*testing.T) {
			for task := range b.tasks {
				b.done <- attempt(task)
			}
		})
	}()
	return b
}

func attempt(task func()) (thrown any) {
	defer func() { thrown = recover() }()
	task()
	return nil
}

// do runs a task in the bubble, and throws here what it throws there.
func (b *bubble) do(task func()) {
	b.tasks <- task
	if thrown := <-b.done; thrown != nil {
		panic(thrown)
	}
}

// boot begins a life: the node knows nobody but itself.
func (n *node) boot() {
	n.lives++
	n.bubble = newBubble(n.run.t)
	n.up, n.born = true, n.clock
	n.seen = report{}
	n.operations = operations{}
	n.meta = nil
	n.bubble.do(func() {
		n.epoch = time.Now()
		n.transport = newTransport(n)
		draws := n.draw()
		list, err := memberlist.Create(n.configuration())
		must(err)
		n.list, n.observation = list, observe(list)
		n.agenda = n.newAgenda(draws)
		synctest.Wait()
		// The application is told of the node itself; the answer shows that by the table.
		n.transport.take()
	})
}

// draw makes the library's draws of this step depend on nothing but seed, node and step, as far as goroutines do not
// race for them. It returns the first three.
func (n *node) draw() [3]int64 {
	n.steps++
	seed := int64(mix(mix(uint64(n.run.seed)^mix(uint64(n.number)))^uint64(n.steps)) >> 1)
	rand.Seed(seed) //nolint:staticcheck // The library draws from the global source.
	return firstDraws(seed)
}

func firstDraws(seed int64) (draws [3]int64) {
	source := rand.New(rand.NewSource(seed))
	for i := range draws {
		draws[i] = source.Int63()
	}
	return draws
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (n *node) configuration() *memberlist.Config {
	o := n.run.options
	c := memberlist.DefaultLANConfig()
	c.Name, c.Transport = n.name, n.transport
	c.ProtocolVersion = memberlist.ProtocolVersionMax
	c.ProbeInterval, c.ProbeTimeout = o.probeInterval, o.probeTimeout
	c.IndirectChecks = o.indirectChecks
	c.SuspicionMult, c.SuspicionMaxTimeoutMult = o.suspicionMult, o.suspicionMaxTimeoutMult
	c.AwarenessMaxMultiplier = o.awarenessMaxMultiplier
	c.RetransmitMult = o.retransmitMult
	c.GossipInterval, c.GossipNodes, c.GossipToTheDeadTime = o.gossipInterval, o.gossipNodes, o.gossipToTheDead
	c.PushPullInterval, c.TCPTimeout = o.pushPullInterval, o.streamTimeout
	c.DisableTcpPings = !o.streamPing
	c.EnableCompression = n.run.compress
	c.Delegate, c.Events, c.Conflict = (*delegate)(n), (*delegate)(n), (*delegate)(n)
	c.Logger = log.New(io.Discard, "", 0)
	// It counts the queue for a metric only.
	c.QueueCheckInterval = 1000 * time.Hour
	return c
}

// introduce makes a node know another one, as if it had heard of it, and had told it on often enough.
func (n *node) introduce(others []*node) {
	n.bubble.do(func() {
		for _, other := range others {
			if other == n {
				continue
			}
			alive := encode(typeAlive, wireAlive{1, other.name, other.ip, port, nil, versions})
			n.transport.packets <- &memberlist.Packet{Buf: alive, From: other.netAddress(), Timestamp: time.Now()}
			synctest.Wait()
		}
		n.broadcasts.Reset()
		n.transport.take()
	})
}

// crash ends a life. What the node still does is lost.
func (n *node) crash() {
	n.bubble.do(func() {
		n.transport.shut()
		must(n.list.Shutdown())
		// Whoever waits for something gives up in this time.
		time.Sleep(n.run.options.longest())
	})
	n.up = false
	close(n.bubble.tasks)
	<-n.bubble.ended
}

// elapsed is the time of the bubble since its beginning.
func (n *node) elapsed() time.Duration { return time.Since(n.epoch) }

// pass lets time pass up to a local instant, whatever happens meanwhile.
func (n *node) pass(to int64) {
	if to > n.clock {
		n.sleepTo(to)
	}
}

// sleepTo moves the clock to a local instant, and lets everything happen that is due then.
func (n *node) sleepTo(to int64) {
	if left := time.Duration(to-n.born)*time.Millisecond - n.elapsed(); left > 0 {
		time.Sleep(left)
	}
	synctest.Wait()
	n.clock = max(n.clock, to)
}

// advance lets time pass up to a local instant, or to the first at which something comes out or changes: at the end
// of the millisecond in which it does.
func (n *node) advance(until int64) {
	for !n.hasNews() && n.clock < until {
		target := until
		if wake := n.wake(); wake >= 0 {
			target = min(target, wake)
		}
		left := time.Duration(target-n.born)*time.Millisecond - n.elapsed()
		timer := time.NewTimer(left)
		select {
		case <-n.transport.touched:
			timer.Stop()
		case <-timer.C:
		}
		synctest.Wait()
		n.sleepTo(n.born + ceil(n.elapsed()))
	}
}

// ceil is a duration in milliseconds, rounded up.
func ceil(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// hasNews reports whether anything is to be told.
func (n *node) hasNews() bool {
	n.collect()
	return len(n.pending) > 0 || n.seen.differs(n)
}

// settle waits until the node is at rest, and gathers what it did.
func (n *node) settle() {
	synctest.Wait()
	n.collect()
}

// deliver hands over a message that arrives now.
func (n *node) deliver(e *envelope) {
	if e.stream != nil {
		n.transport.receive(e.stream, e.bytes, e.from)
		return
	}
	n.transport.packets <- &memberlist.Packet{Buf: e.bytes, From: e.from.netAddress(), Timestamp: time.Now()}
}

// delegate is the node as the library's application.
type delegate node

func (d *delegate) NodeMeta(int) []byte             { return d.meta }
func (d *delegate) NotifyMsg([]byte)                {}
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d *delegate) LocalState(bool) []byte          { return nil }
func (d *delegate) MergeRemoteState([]byte, bool)   {}

func (d *delegate) tell(name string, of *memberlist.Node) {
	d.transport.note(effect{kind: event, name: name, subject: of.Name, meta: string(of.Meta)})
}

func (d *delegate) NotifyJoin(of *memberlist.Node)           { d.tell("join", of) }
func (d *delegate) NotifyLeave(of *memberlist.Node)          { d.tell("leave", of) }
func (d *delegate) NotifyUpdate(of *memberlist.Node)         { d.tell("update", of) }
func (d *delegate) NotifyConflict(_, other *memberlist.Node) { d.tell("conflict", other) }

// settings of a run, in the library's units.
type settings struct {
	probeInterval, probeTimeout                     time.Duration
	gossipInterval, gossipToTheDead                 time.Duration
	pushPullInterval, streamTimeout                 time.Duration
	indirectChecks, suspicionMult                   int
	suspicionMaxTimeoutMult, awarenessMaxMultiplier int
	retransmitMult, gossipNodes                     int
	streamPing                                      bool
}

// longest bounds how long anything in the library waits.
func (s settings) longest() time.Duration {
	return operationTimeout + time.Duration(s.awarenessMaxMultiplier+1)*s.probeInterval + s.probeTimeout + 2*s.streamTimeout
}

func (s settings) check() error {
	switch {
	case s.probeInterval <= 0 || s.gossipInterval <= 0 || s.streamTimeout <= 0 || s.probeTimeout <= 0:
		return fmt.Errorf("options need intervals and timeouts above 0")
	case s.gossipNodes < 1 || s.awarenessMaxMultiplier < 1 || s.suspicionMult < 1 || s.suspicionMaxTimeoutMult < 1:
		return fmt.Errorf("options need gossipNodes and multipliers of at least 1")
	}
	return nil
}
