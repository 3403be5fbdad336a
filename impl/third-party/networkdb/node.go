package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/moby/moby/v2/daemon/libnetwork/networkdb"
)

// node is one address. While it is up it lives in a bubble of its own, with a clock of its own; outside of its steps
// that clock stands still.
type node struct {
	run     *run
	address string
	number  int
	ip      net.IP

	// Local time in milliseconds: at the end of the last step, and when the bubble was made.
	clock, born int64
	up          bool
	broken      string
	lives       int

	name    string
	leaving bool
	bubble  *bubble
	epoch   time.Time // the bubble's clock at `born`
	library
	chance  *rand.Rand
	tickers map[string]*ticker
	// Instants at which somebody may stop to wait, in milliseconds of the node.
	deadlines []int64
	// Closed when the node stops by itself, or is stopped.
	done    chan struct{}
	stopped bool

	mutex   sync.Mutex
	pending []any // outputs that are not told yet
	shown   shown
}

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

// boot begins a life, in which the node knows these.
func (n *node) boot(known []*node) {
	n.lives++
	n.name = n.address
	if n.lives > 1 {
		n.name = fmt.Sprintf("%s.%d", n.address, n.lives)
	}
	n.bubble = newBubble(n.run.t)
	n.up, n.leaving, n.stopped, n.born, n.pending, n.deadlines = true, false, false, n.clock, nil, nil
	n.shown = shown{}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(n.run.seed))
	binary.LittleEndian.PutUint32(seed[8:], uint32(n.number))
	binary.LittleEndian.PutUint32(seed[12:], uint32(n.lives))
	n.chance = rand.New(rand.NewChaCha8(seed))
	n.bubble.do(func() {
		n.epoch = time.Now()
		n.done = make(chan struct{})
		library, err := open(n.name, n.ip.String(), newTransport(n), seed, n.run.keptInterval())
		must(err)
		n.library = library
		n.watch()
		o := n.run.options
		n.tickers = map[string]*ticker{
			"cluster":   n.tick(o.GossipInterval, n.gossipCluster),
			"tables":    n.tick(o.GossipInterval, func() { gossipTables(n.db) }),
			"sync":      n.tick(o.BulkSyncInterval, func() { bulkSyncTables(n.db) }),
			"push-pull": n.tick(o.PushPullInterval, n.pushPull),
			"reap":      n.tick(o.ReapPeriod, func() { reapState(n.db) }),
		}
		for _, other := range known {
			if other != n {
				n.events.NotifyJoin(n.member(other.address, other))
			}
		}
		n.settle()
		n.pending = nil
	})
}

// ticker is something that is done at every interval; the first time within two of them.
type ticker struct{ first, interval int64 }

// tick begins it, in the way of the library's own timers: while it lasts, instants go by.
func (n *node) tick(interval int64, act func()) *ticker {
	stagger := n.chance.Int64N(interval)
	done := n.done
	go func() {
		select {
		case <-time.After(time.Duration(stagger) * time.Millisecond):
		case <-done:
			return
		}
		t := time.NewTicker(time.Duration(interval) * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				act()
			case <-done:
				return
			}
		}
	}()
	return &ticker{n.clock + stagger + interval, interval}
}

func (t *ticker) after(now int64) int64 {
	if now < t.first {
		return t.first
	}
	return t.first + ((now-t.first)/t.interval+1)*t.interval
}

// watch tells what the application is told of entries.
func (n *node) watch() {
	channel, _ := n.db.Watch("", "")
	go func() {
		for {
			select {
			case each := <-channel.C:
				if e := each.(networkdb.WatchEvent); e.Table == table {
					what := choose(e.IsCreate(), "create", choose(e.IsUpdate(), "update", "delete"))
					n.note(map[string]any{"type": "event", "event": what, "network": e.NetworkID,
						"key": shownKey(e.Key), "value": string(e.Value), "previous": string(e.Prev)})
				}
			case <-channel.Done():
				return
			}
		}
	}()
}

// member is a peer as the member list would tell of it.
func (n *node) member(name string, at *node) *memberlist.Node {
	// Daemons of today say in their first byte that they take network events in a bulk sync.
	return &memberlist.Node{Name: name, Addr: at.ip, Port: port, Meta: []byte{1}}
}

// active are the peers that are there.
func (n *node) active() (peers []*node) {
	for _, other := range n.run.nodes {
		for _, peer := range n.peers(n.name, n.run.nameOf) {
			if peer.Status == "active" && peer.Address == other.address {
				peers = append(peers, other)
				break
			}
		}
	}
	n.chance.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
	return peers
}

// gossipCluster tells news of nodes and networks, as the member list does for its application.
func (n *node) gossipCluster() {
	peers := n.active()
	for _, peer := range peers[:min(n.run.options.GossipNodes, len(peers))] {
		const header, each = 2, 3
		parts := n.delegate.GetBroadcasts(each, packetSize-header)
		if len(parts) == 0 {
			return
		}
		n.send(peer, "gossip", parts...)
	}
}

// pushPull exchanges all attachments with somebody, as the member list does for its application.
func (n *node) pushPull() {
	if peers := n.active(); len(peers) > 0 {
		n.send(peers[0], "push-pull", n.delegate.LocalState(false))
	}
}

// deliver hands over a message that arrives now.
func (n *node) deliver(e *envelope) {
	switch e.kind {
	case "push-pull":
		// The member list answers before it looks at what it was told.
		n.send(e.from, "push-pull-reply", n.delegate.LocalState(false))
		n.delegate.MergeRemoteState(e.parts[0], false)
	case "push-pull-reply":
		n.delegate.MergeRemoteState(e.parts[0], false)
	default:
		for _, part := range e.parts {
			n.delegate.NotifyMsg(part)
		}
	}
}

// send gives a message away.
func (n *node) send(to *node, kind string, parts ...[]byte) {
	if kind == "bulk-sync" {
		n.deadlines = append(n.deadlines, n.now()+librarySyncTimeout.Milliseconds())
	}
	reliable := kind != "gossip" && kind != "table-gossip"
	n.note(n.run.keep(&envelope{from: n, to: to, kind: kind, parts: parts}, reliable))
}

func (n *node) note(output any) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.pending = append(n.pending, output)
}

// crash ends a life. What the node still does is lost.
func (n *node) crash() {
	n.bubble.do(func() {
		n.stop()
		n.shut()
		// Whoever waits for something gives up in this time.
		time.Sleep(10 * time.Minute)
	})
	n.up = false
	close(n.bubble.tasks)
	<-n.bubble.ended
}

// stop ends what the node does by itself.
func (n *node) stop() {
	if !n.stopped {
		n.stopped = true
		close(n.done)
	}
}

// now is the node's time as the bubble sees it.
func (n *node) now() int64 { return n.born + time.Since(n.epoch).Milliseconds() }

// sleepTo moves the clock to a local instant, and lets everything happen that is due then.
func (n *node) sleepTo(to int64) {
	if left := time.Duration(to-n.born)*time.Millisecond - time.Since(n.epoch); left > 0 {
		time.Sleep(left)
	}
	n.settle()
	n.clock = max(n.clock, to)
}

// settle waits until the node is at rest. Queues that were made meanwhile send as often as the run wants.
func (n *node) settle() {
	synctest.Wait()
	cluster, tables := n.queues()
	for _, queue := range append(cluster, tables...) {
		queue.RetransmitMult = n.run.options.RetransmitMult
	}
}

// advance lets time pass up to a local instant, or to the first at which something comes out or changes.
func (n *node) advance(until int64) {
	for n.clock < until {
		target := until
		if wake := n.wake(); wake >= 0 {
			target = min(target, wake)
		}
		n.sleepTo(target)
		if n.hasNews() {
			return
		}
	}
}

// wake is the local instant, after the present, at which the node next has something to do, or -1.
func (n *node) wake() int64 {
	if !n.up {
		return -1
	}
	next := int64(-1)
	at := func(instant int64) {
		if instant > n.clock && (next < 0 || instant < next) {
			next = instant
		}
	}
	for _, deadline := range n.deadlines {
		at(deadline)
	}
	if n.stopped {
		return next
	}
	cluster, tables := n.queues()
	waiting := func(queues []*memberlist.TransmitLimitedQueue) (count int) {
		for _, queue := range queues {
			count += queue.NumQueued()
		}
		return count
	}
	peers := n.peers(n.name, n.run.nameOf)
	if waiting(cluster) > 0 && len(peers) > 0 {
		at(n.tickers["cluster"].after(n.clock))
	}
	if waiting(tables) > 0 {
		at(n.tickers["tables"].after(n.clock))
	}
	if len(tables) > 0 && len(peers) > 0 {
		at(n.tickers["sync"].after(n.clock))
	}
	if len(peers) > 0 {
		at(n.tickers["push-pull"].after(n.clock))
	}
	if n.remembers(peers) {
		at(n.tickers["reap"].after(n.clock))
	}
	return next
}

// remembers says whether anything is held that is to be forgotten in its time.
func (n *node) remembers(peers map[string]peerRow) bool {
	for _, each := range n.attachments(n.name) {
		if each.Status == "left" {
			return true
		}
	}
	for _, each := range n.entries(peers) {
		if each.Status != "live" {
			return true
		}
	}
	return false
}

// operate asks the library for something. What may take a while goes on by itself.
func (n *node) operate(id int64, o operation) {
	end := func(value string, err error) {
		status, reason := "ok", ""
		if err != nil {
			status, reason, value = "failed", "refused", ""
		}
		n.note(map[string]any{"type": "result", "operation": id, "status": status, "reason": reason, "value": value})
	}
	key := keptKey(o.Key)
	switch o.Type {
	case "join-network":
		go func() { end("", n.db.JoinNetwork(o.Network)) }()
	case "leave-network":
		end("", n.db.LeaveNetwork(o.Network))
	case "create":
		end("", n.db.CreateEntry(table, o.Network, key, []byte(o.Value)))
	case "update":
		end("", n.db.UpdateEntry(table, o.Network, key, []byte(o.Value)))
	case "delete":
		end("", n.db.DeleteEntry(table, o.Network, key))
	case "get":
		value, err := n.db.GetEntry(table, o.Network, key)
		end(string(value), err)
	case "leave":
		n.leaving = true
		// It waits so long at most until its news is told, and until its members know.
		n.deadlines = append(n.deadlines, n.now()+5_000, n.now()+6_000)
		go func() {
			n.db.Close()
			n.stop()
			end("", nil)
		}()
	default:
		panic(refused{"unsupported", o.Type})
	}
}
