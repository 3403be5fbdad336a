package main

import (
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/memberlist"
)

// agenda knows when a node will next do something by itself. The library keeps its timers to itself, so they are
// computed from what it keeps in its tables and what it was seen to send. Instants are of the bubble, since its
// beginning; those that are past mean nothing.
type agenda struct {
	// When the node may begin to exchange tables by itself: one of these; which of its draws decides is not known.
	exchanges []time.Duration
	// Pings by sequence number.
	pings map[uint32]sentPing
	// What came out and is not yet told.
	pending []effect
}

type sentPing struct {
	at          time.Duration
	best, worst int // health scores that its probe may have begun with
}

// newAgenda takes the draws that the goroutines of schedule (state.go) are about to make, in an order that is not
// known: each waits for a part of its interval. For tickers that wait means nothing: they tick from the beginning on.
func (n *node) newAgenda(draws [3]int64) agenda {
	a := agenda{pings: map[uint32]sentPing{}}
	if interval := n.run.options.pushPullInterval; interval > 0 {
		for _, draw := range draws {
			a.exchanges = append(a.exchanges, time.Duration(uint64(draw)%uint64(interval)))
		}
	}
	return a
}

// collect takes what the library did since last time.
func (n *node) collect() {
	for _, e := range n.transport.take() {
		switch e.kind {
		case exchanged:
			// The next exchange is timed from the end of this one.
			n.exchanges = []time.Duration{e.at.Sub(n.epoch) + n.exchangeInterval()}
			continue
		case sent:
			n.noteSent(e)
		}
		n.pending = append(n.pending, e)
	}
	now := n.elapsed()
	for i, at := range n.exchanges {
		for at <= now && at >= 0 {
			at += n.exchangeInterval()
		}
		n.exchanges[i] = at
	}
	for sequence := range n.pings {
		if (*n.ackHandlers)[sequence] == nil {
			delete(n.pings, sequence)
		}
	}
}

func (n *node) noteSent(e effect) {
	at := e.at.Sub(n.epoch)
	switch {
	case e.view.kind == "ping":
		n.pings[e.view.sequence] = sentPing{at, min(e.score, n.seen.score), max(e.score, n.seen.score)}
	case e.view.kind == "push-pull" && !e.view.join:
		for _, expected := range n.exchanges {
			if expected == at {
				n.exchanges = nil
				return
			}
		}
		fmt.Fprintln(os.Stderr, "memberlist: exchanged tables at", at, "expected", n.exchanges)
		n.exchanges = nil
	}
}

// exchangeInterval grows with the number of nodes (pushPullScale).
func (n *node) exchangeInterval() time.Duration {
	scale := time.Duration(1)
	for bound := uint32(32); n.size.Load() > bound; bound *= 2 {
		scale++
	}
	return scale * n.run.options.pushPullInterval
}

// wake is the local instant, after the present, at which the node next has something to do, or -1.
func (n *node) wake() int64 {
	if !n.up {
		return -1
	}
	now := n.elapsed()
	next := time.Duration(-1)
	at := func(instant time.Duration) {
		if instant > now && (next < 0 || instant < next) {
			next = instant
		}
	}
	o := n.run.options
	tick := func(interval time.Duration) { at((now/interval + 1) * interval) }
	table := n.table()
	if len(table) > 1 || n.hasLeft() {
		tick(o.probeInterval)
	}
	if n.broadcasts.NumQueued() > 0 && n.hasListeners() {
		tick(o.gossipInterval)
	}
	for _, instant := range n.exchanges {
		at(instant)
	}
	for sequence, handler := range *n.ackHandlers {
		ping, ok := n.pings[sequence]
		if !ok {
			continue
		}
		at(ping.at + o.probeTimeout)
		if handler.nackFn != nil {
			for score := ping.best; score <= ping.worst; score++ {
				at(ping.at + time.Duration(score+1)*o.probeInterval)
			}
		}
	}
	for _, suspicion := range *n.suspicions {
		at(suspicion.ends().Sub(n.epoch))
	}
	n.transport.deadlines(func(deadline time.Time) { at(deadline.Sub(n.epoch)) })
	n.deadlines(func(deadline time.Time) { at(deadline.Sub(n.epoch)) })
	if next < 0 {
		return -1
	}
	return n.born + ceil(next)
}

// hasListeners reports whether there is anybody to gossip to (state.go gossip).
func (n *node) hasListeners() bool {
	for _, each := range n.table() {
		if each.Name == n.name {
			continue
		}
		switch each.State {
		case memberlist.StateAlive, memberlist.StateSuspect:
			return true
		case memberlist.StateDead:
			if time.Since(each.StateChange) <= n.run.options.gossipToTheDead {
				return true
			}
		}
	}
	return false
}
