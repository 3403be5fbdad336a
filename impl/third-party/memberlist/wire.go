package main

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"github.com/hashicorp/memberlist"
)

// Types of messages on the wire (net.go).
const (
	typePing byte = iota
	typeIndirectPing
	typeAck
	typeSuspect
	typeAlive
	typeDead
	typePushPull
	typeCompound
	typeUser
	typeCompress
	typeEncrypt
	typeNack
	typeChecksum
)

// The bodies of messages, as the library encodes them (net.go).
type (
	wirePing struct {
		SeqNo      uint32
		Node       string
		SourceAddr []byte `codec:",omitempty"`
		SourcePort uint16 `codec:",omitempty"`
		SourceNode string `codec:",omitempty"`
	}
	wireIndirectPing struct {
		SeqNo      uint32
		Target     []byte
		Port       uint16
		Node       string
		Nack       bool
		SourceAddr []byte `codec:",omitempty"`
		SourcePort uint16 `codec:",omitempty"`
		SourceNode string `codec:",omitempty"`
	}
	wireAck struct {
		SeqNo   uint32
		Payload []byte
	}
	wireNack struct {
		SeqNo uint32
	}
	wireAccusation struct {
		Incarnation uint32
		Node        string
		From        string
	}
	wireAlive struct {
		Incarnation uint32
		Node        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Vsn         []uint8
	}
	wirePushPull struct {
		Nodes        int
		UserStateLen int
		Join         bool
	}
	wireRecord struct {
		Name        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Incarnation uint32
		State       memberlist.NodeStateType
		Vsn         []uint8
	}
	wireCompressed struct {
		Algo uint8
		Buf  []byte
	}
)

// update, record and message are the suite's words for what is on the wire.
type (
	update struct {
		status, node, from, address, meta string
		incarnation                       uint32
	}
	record struct {
		node, status, address, meta string
		incarnation                 uint32
	}
	message struct {
		kind, target string
		sequence     uint32
		nack, join   bool
		gossip       []update
		members      []record
	}
)

var statuses = [...]string{
	memberlist.StateAlive: "alive", memberlist.StateSuspect: "suspect", memberlist.StateDead: "dead", memberlist.StateLeft: "left",
}

func statusOf(state memberlist.NodeStateType) string {
	if state < 0 || int(state) >= len(statuses) {
		return fmt.Sprint("state ", int(state))
	}
	return statuses[state]
}

func joinAddress(ip []byte, port uint16) string {
	return net.JoinHostPort(net.IP(ip).String(), strconv.Itoa(int(port)))
}

var handle codec.MsgpackHandle

func decode(body []byte, into any) error {
	return codec.NewDecoderBytes(body, &handle).Decode(into)
}

func encode(kind byte, body any) []byte {
	encoded := []byte{kind}
	var text []byte
	must(codec.NewEncoderBytes(&text, &handle).Encode(body))
	return append(encoded, text...)
}

// must turns an error that the adapter excludes into a panic, which is reported.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// decodePacket reads a datagram. What travels with a ping or its answer is its gossip.
func decodePacket(packet []byte) (m message, err error) {
	if len(packet) >= 5 && packet[0] == typeChecksum {
		if crc32.ChecksumIEEE(packet[5:]) != binary.BigEndian.Uint32(packet[1:5]) {
			return m, errors.New("wrong checksum")
		}
		packet = packet[5:]
	}
	m = message{kind: "gossip", gossip: []update{}}
	return m, m.addPart(packet)
}

func (m *message) addPart(part []byte) error {
	if len(part) == 0 {
		return errors.New("empty message")
	}
	body := part[1:]
	switch part[0] {
	case typeCompress:
		whole, err := decompress(body)
		if err != nil {
			return err
		}
		return m.addPart(whole)
	case typeCompound:
		return m.addCompound(body)
	case typePing:
		var ping wirePing
		err := decode(body, &ping)
		m.kind, m.sequence, m.target = "ping", ping.SeqNo, ping.Node
		return err
	case typeIndirectPing:
		var request wireIndirectPing
		err := decode(body, &request)
		m.kind, m.sequence, m.target, m.nack = "indirect-ping", request.SeqNo, request.Node, request.Nack
		return err
	case typeAck:
		var ack wireAck
		err := decode(body, &ack)
		m.kind, m.sequence = "ack", ack.SeqNo
		return err
	case typeNack:
		var nack wireNack
		err := decode(body, &nack)
		m.kind, m.sequence = "nack", nack.SeqNo
		return err
	case typeAlive:
		var alive wireAlive
		err := decode(body, &alive)
		m.gossip = append(m.gossip, update{
			status: "alive", node: alive.Node, incarnation: alive.Incarnation, from: alive.Node,
			address: joinAddress(alive.Addr, alive.Port), meta: string(alive.Meta),
		})
		return err
	case typeSuspect, typeDead:
		var accusation wireAccusation
		err := decode(body, &accusation)
		status := "suspect"
		if part[0] == typeDead {
			status = "dead"
		}
		m.gossip = append(m.gossip, update{
			status: status, node: accusation.Node, incarnation: accusation.Incarnation, from: accusation.From,
		})
		return err
	}
	return fmt.Errorf("unexpected message of type %d", part[0])
}

func (m *message) addCompound(body []byte) error {
	if len(body) < 1 || len(body) < 1+2*int(body[0]) {
		return errors.New("truncated compound message")
	}
	count := int(body[0])
	lengths, rest := body[1:], body[1+2*count:]
	for i := range count {
		length := int(binary.BigEndian.Uint16(lengths[2*i:]))
		if len(rest) < length {
			return errors.New("truncated compound message")
		}
		if err := m.addPart(rest[:length]); err != nil {
			return err
		}
		rest = rest[length:]
	}
	return nil
}

func decompress(body []byte) ([]byte, error) {
	var compressed wireCompressed
	if err := decode(body, &compressed); err != nil {
		return nil, err
	}
	if compressed.Algo != 0 {
		return nil, fmt.Errorf("unknown compression %d", compressed.Algo)
	}
	reader := lzw.NewReader(bytes.NewReader(compressed.Buf), lzw.LSB, 8)
	defer reader.Close()
	return io.ReadAll(reader)
}

// decodeStream reads a message of a stream; opens: it is the first on it.
func decodeStream(text []byte, opens bool) (m message, err error) {
	if len(text) == 0 {
		return m, errors.New("empty message")
	}
	body := text[1:]
	switch text[0] {
	case typeCompress:
		whole, err := decompress(body)
		if err != nil {
			return m, err
		}
		return decodeStream(whole, opens)
	case typePing:
		var ping wirePing
		err = decode(body, &ping)
		return message{kind: "stream-ping", sequence: ping.SeqNo, target: ping.Node}, err
	case typeAck:
		var ack wireAck
		err = decode(body, &ack)
		return message{kind: "stream-ack", sequence: ack.SeqNo}, err
	case typePushPull:
		return decodeTable(body, opens)
	}
	return m, fmt.Errorf("unexpected message of type %d on a stream", text[0])
}

func decodeTable(body []byte, opens bool) (m message, err error) {
	decoder := codec.NewDecoderBytes(body, &handle)
	var header wirePushPull
	if err := decoder.Decode(&header); err != nil {
		return m, err
	}
	m = message{kind: "push-pull-reply", join: header.Join, members: make([]record, 0, header.Nodes)}
	if opens {
		m.kind = "push-pull"
	}
	for range header.Nodes {
		var each wireRecord
		if err := decoder.Decode(&each); err != nil {
			return m, err
		}
		m.members = append(m.members, record{
			node: each.Name, status: statusOf(each.State), incarnation: each.Incarnation,
			address: joinAddress(each.Addr, each.Port), meta: string(each.Meta),
		})
	}
	return m, nil
}

// isStream tells whether messages of this kind travel on streams, and whether they open one.
func isStream(kind string) (stream, opens bool) {
	switch kind {
	case "push-pull", "stream-ping":
		return true, true
	case "push-pull-reply", "stream-ack":
		return true, false
	}
	return false, false
}

// versions are what every member of a run speaks, as in BuildVsnArray.
var versions = []uint8{memberlist.ProtocolVersionMin, memberlist.ProtocolVersionMax, memberlist.ProtocolVersionMax, 0, 0, 0}

// encodeMessage makes the bytes of a message that `from` could have sent.
func (r *run) encodeMessage(from *node, m *message) ([]byte, error) {
	switch m.kind {
	case "stream-ping":
		return encode(typePing, wirePing{m.sequence, m.target, from.ip, port, from.name}), nil
	case "stream-ack":
		return encode(typeAck, wireAck{SeqNo: m.sequence}), nil
	case "push-pull", "push-pull-reply":
		return encodeTable(m)
	}
	parts := [][]byte{}
	switch m.kind {
	case "ping":
		parts = append(parts, encode(typePing, wirePing{m.sequence, m.target, from.ip, port, from.name}))
	case "indirect-ping":
		target := r.find(m.target)
		if target == nil {
			return nil, fmt.Errorf("no node %s", m.target)
		}
		parts = append(parts, encode(typeIndirectPing,
			wireIndirectPing{m.sequence, target.ip, port, m.target, m.nack, from.ip, port, from.name}))
	case "ack":
		parts = append(parts, encode(typeAck, wireAck{SeqNo: m.sequence}))
	case "nack":
		parts = append(parts, encode(typeNack, wireNack{m.sequence}))
	case "gossip":
	default:
		return nil, fmt.Errorf("no message of kind %s", m.kind)
	}
	for _, each := range m.gossip {
		part, err := encodeUpdate(each)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return compound(parts)
}

func encodeUpdate(u update) ([]byte, error) {
	switch u.status {
	case "alive":
		ip, port, err := splitAddress(u.address)
		if err == nil && u.from != u.node {
			err = errors.New("only a member itself says that it is alive")
		}
		return encode(typeAlive, wireAlive{u.incarnation, u.node, ip, port, []byte(u.meta), versions}), err
	case "suspect":
		return encode(typeSuspect, wireAccusation{u.incarnation, u.node, u.from}), accused(u)
	case "dead":
		return encode(typeDead, wireAccusation{u.incarnation, u.node, u.from}), accused(u)
	}
	return nil, fmt.Errorf("no update with status %s", u.status)
}

func accused(u update) error {
	if u.address != "" || u.meta != "" {
		return errors.New("an accusation names no address and no meta")
	}
	return nil
}

func compound(parts [][]byte) ([]byte, error) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	if len(parts) == 0 || len(parts) > math.MaxUint8 {
		return nil, fmt.Errorf("a packet cannot hold %d messages", len(parts))
	}
	packet := []byte{typeCompound, byte(len(parts))}
	for _, part := range parts {
		packet = binary.BigEndian.AppendUint16(packet, uint16(len(part)))
	}
	for _, part := range parts {
		packet = append(packet, part...)
	}
	return packet, nil
}

func encodeTable(m *message) ([]byte, error) {
	text := encode(typePushPull, wirePushPull{Nodes: len(m.members), Join: m.join})
	for _, each := range m.members {
		ip, port, err := splitAddress(each.address)
		if err != nil {
			return nil, err
		}
		state := 0
		for state < len(statuses) && statuses[state] != each.status {
			state++
		}
		if state == len(statuses) {
			return nil, fmt.Errorf("no status %s", each.status)
		}
		text = append(text, encode(0, wireRecord{
			each.node, ip, port, []byte(each.meta), each.incarnation, memberlist.NodeStateType(state), versions,
		})[1:]...)
	}
	return text, nil
}

func splitAddress(address string) (ip []byte, port uint16, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, 0, err
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, 0, err
	}
	parsed := net.ParseIP(host)
	if parsed == nil {
		return nil, 0, fmt.Errorf("%s is no address", host)
	}
	if short := parsed.To4(); short != nil {
		parsed = short
	}
	return parsed, uint16(number), nil
}

// shortened is how long a suspicion lasts after n of k confirmations (remainingSuspicionTime).
func shortened(n, k int32, least, greatest time.Duration) time.Duration {
	share := math.Log(float64(n)+1) / math.Log(float64(k)+1)
	seconds := greatest.Seconds() - share*(greatest.Seconds()-least.Seconds())
	return max(least, time.Duration(math.Floor(1000*seconds))*time.Millisecond)
}
