package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/moby/moby/v2/daemon/libnetwork/networkdb"
)

// port is the same everywhere: addresses differ.
const port = 7946

// userMessage begins what the member list carries for its application.
const userMessage = 8

// transport is what the member list of a node sends by. What it says for itself is dropped: who is a member is told by
// the suite.
type transport struct {
	node    *node
	packets chan *memberlist.Packet
	streams chan net.Conn
}

func newTransport(n *node) *transport {
	return &transport{n, make(chan *memberlist.Packet), make(chan net.Conn)}
}

func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) { return t.node.ip, port, nil }
func (t *transport) PacketCh() <-chan *memberlist.Packet                 { return t.packets }
func (t *transport) StreamCh() <-chan net.Conn                           { return t.streams }
func (t *transport) Shutdown() error                                     { return nil }

func (t *transport) WriteTo(b []byte, address string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: address})
}

func (t *transport) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	if b[0] == userMessage {
		t.node.send(t.node.run.at(to.Addr), "table-gossip", bytes.Clone(b[1:]))
	}
	return time.Now(), nil
}

func (t *transport) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: address}, timeout)
}

func (t *transport) DialAddressTimeout(to memberlist.Address, _ time.Duration) (net.Conn, error) {
	return &stream{node: t.node, to: t.node.run.at(to.Addr)}, nil
}

// stream takes what is written to it for a message that has arrived when it is closed.
type stream struct {
	node   *node
	to     *node
	buffer bytes.Buffer
}

func (s *stream) Write(b []byte) (int, error) { return s.buffer.Write(b) }

func (s *stream) Close() error {
	if s.buffer.Len() == 0 || s.buffer.Bytes()[0] != userMessage {
		return nil
	}
	payload, err := userPayload(s.buffer.Bytes())
	must(err)
	outer := unmarshal(payload, &networkdb.GossipMessage{})
	isAsked := unmarshal(outer.Data, &networkdb.BulkSyncMessage{}).Unsolicited
	s.node.send(s.to, choose(isAsked, "bulk-sync", "bulk-sync-reply"), payload)
	return nil
}

// userPayload is what follows a header, in msgpack, that tells its length.
func userPayload(b []byte) ([]byte, error) {
	name := []byte("UserMsgLen")
	start := bytes.Index(b, name) + len(name)
	if start < len(name) || start >= len(b) {
		return nil, errors.New("a user message without a length")
	}
	tag, rest := b[start], b[start+1:]
	width := map[byte]int{0xcc: 1, 0xd0: 1, 0xcd: 2, 0xd1: 2, 0xce: 4, 0xd2: 4, 0xcf: 8, 0xd3: 8}[tag]
	length := uint64(tag)
	if width > 0 {
		length = binary.BigEndian.Uint64(append(make([]byte, 8-width), rest[:width]...))
	}
	if uint64(len(rest)-width) != length {
		return nil, errors.New("a user message of another length than it says")
	}
	return bytes.Clone(rest[width:]), nil
}

func (s *stream) Read([]byte) (int, error)         { return 0, errors.New("nobody answers") }
func (s *stream) LocalAddr() net.Addr              { return &net.TCPAddr{IP: s.node.ip, Port: port} }
func (s *stream) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: s.to.ip, Port: port} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
