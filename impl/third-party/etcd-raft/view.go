package main

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// transferContext marks the votes of a campaign that the leader asked for.
const transferContext = "CampaignTransfer"

func entryKind(entry *pb.Entry) string {
	switch {
	case entry.GetType() != pb.EntryNormal:
		return "configuration"
	case len(entry.GetData()) == 0:
		return "empty"
	}
	return "command"
}

// entryDigest is the contents themselves: commands are text, and a change is told in words.
func (m members) entryDigest(entry *pb.Entry) string {
	if entry.GetType() != pb.EntryNormal {
		return m.changeText(configurationOf(entry))
	}
	return string(entry.GetData())
}

func (m members) appendEntries(b []byte, entries []*pb.Entry) []byte {
	b = append(b, '[')
	for i, entry := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendField(append(b, `{"kind":"`+entryKind(entry)+`"`...), "index", entry.GetIndex())
		b = appendField(b, "term", entry.GetTerm())
		if entry.GetType() == pb.EntryNormal {
			b = appendText(b, "digest", entry.GetData())
		} else {
			b = appendText(b, "digest", m.entryDigest(entry))
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// round is the number of the confirmation round in a heartbeat: the position of the last unconfirmed read.
func round(context []byte) uint64 {
	if len(context) != 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(context)
}

func roundContext(round uint64) []byte {
	if round == 0 {
		return nil
	}
	return binary.LittleEndian.AppendUint64(nil, round)
}

// readRequest is the name of a read: the contents of the message's only entry.
func readRequest(message *pb.Message) []byte {
	if len(message.GetEntries()) == 0 {
		return nil
	}
	return message.GetEntries()[0].GetData()
}

// appendView appends a message as the suite sees it.
func (m members) appendView(b []byte, message *pb.Message) []byte {
	kind := func(name string) []byte {
		b = append(b, `{"kind":"`...)
		b = append(b, name...)
		return appendField(append(b, '"'), "term", message.GetTerm())
	}
	switch message.GetType() {
	case pb.MsgVote, pb.MsgPreVote:
		name := "request-vote"
		if message.GetType() == pb.MsgPreVote {
			name = "pre-vote"
		}
		b = appendField(kind(name), "lastIndex", message.GetIndex())
		b = appendField(b, "lastTerm", message.GetLogTerm())
		b = appendFlag(b, "transfer", string(message.GetContext()) == transferContext)
	case pb.MsgVoteResp:
		b = appendFlag(kind("request-vote-response"), "granted", !message.GetReject())
	case pb.MsgPreVoteResp:
		b = appendFlag(kind("pre-vote-response"), "granted", !message.GetReject())
	case pb.MsgApp:
		b = appendField(kind("append-entries"), "previousIndex", message.GetIndex())
		b = appendField(b, "previousTerm", message.GetLogTerm())
		b = m.appendEntries(append(b, `,"entries":`...), message.GetEntries())
		b = appendField(b, "commit", message.GetCommit())
		b = append(b, `,"round":0`...)
	case pb.MsgAppResp:
		// To a leader of an older term the library answers without rejection and index: that acknowledges nothing.
		success := !message.GetReject() && message.GetIndex() > 0
		b = appendFlag(kind("append-entries-response"), "success", success)
		b = appendField(b, "index", message.GetIndex())
		b = appendField(b, "hint", message.GetRejectHint())
		b = append(b, `,"round":0`...)
	case pb.MsgHeartbeat:
		b = appendField(kind("heartbeat"), "commit", message.GetCommit())
		b = appendField(b, "round", round(message.GetContext()))
	case pb.MsgHeartbeatResp:
		b = appendField(kind("heartbeat-response"), "round", round(message.GetContext()))
	case pb.MsgSnap:
		metadata := message.GetSnapshot().GetMetadata()
		b = appendField(kind("install-snapshot"), "lastIndex", metadata.GetIndex())
		b = appendField(b, "lastTerm", metadata.GetTerm())
		b = m.appendConfiguration(append(b, `,"configuration":`...), metadata.GetConfState())
		b = appendText(b, "digest", storeDigest(message.GetSnapshot().GetData()))
	case pb.MsgTimeoutNow:
		b = kind("timeout-now")
	case pb.MsgReadIndex:
		b = appendText(kind("read-index"), "request", readRequest(message))
	case pb.MsgReadIndexResp:
		b = appendText(kind("read-index-response"), "request", readRequest(message))
		b = appendField(b, "index", message.GetIndex())
	case pb.MsgProp:
		b = append(kind("propose"), `,"digests":[`...)
		for i, entry := range message.GetEntries() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, m.entryDigest(entry))
		}
		b = append(b, ']')
	default:
		panic(fmt.Sprintf("no view for %s", message.GetType()))
	}
	return append(b, '}')
}

// view is what a request's `view` may hold, of any kind.
type view struct {
	kind                                                   string
	term, lastIndex, lastTerm, previousIndex, previousTerm uint64
	commit, index, hint, round                             uint64
	transfer, granted, success                             bool
	request, digest                                        string
	entries                                                []viewEntry
	digests                                                []string
	configuration                                          configuration
}

type viewEntry struct {
	index, term  uint64
	kind, digest string
}

func (p *parser) view(m members) (v view) {
	p.object(func(name []byte) {
		switch string(name) {
		case "kind":
			v.kind = string(p.string())
		case "term":
			v.term = p.unsigned()
		case "lastIndex":
			v.lastIndex = p.unsigned()
		case "lastTerm":
			v.lastTerm = p.unsigned()
		case "previousIndex":
			v.previousIndex = p.unsigned()
		case "previousTerm":
			v.previousTerm = p.unsigned()
		case "commit":
			v.commit = p.unsigned()
		case "index":
			v.index = p.unsigned()
		case "hint":
			v.hint = p.unsigned()
		case "round":
			v.round = p.unsigned()
		case "transfer":
			v.transfer = p.boolean()
		case "granted":
			v.granted = p.boolean()
		case "success":
			v.success = p.boolean()
		case "request":
			v.request = string(p.string())
		case "digest":
			v.digest = string(p.string())
		case "digests":
			p.array(func() { v.digests = append(v.digests, string(p.string())) })
		case "entries":
			p.array(func() { v.entries = append(v.entries, p.viewEntry()) })
		case "configuration":
			v.configuration = p.configuration(m)
		default:
			p.skip()
		}
	})
	return v
}

func (p *parser) viewEntry() (entry viewEntry) {
	p.object(func(name []byte) {
		switch string(name) {
		case "index":
			entry.index = p.unsigned()
		case "term":
			entry.term = p.unsigned()
		case "kind":
			entry.kind = string(p.string())
		case "digest":
			entry.digest = string(p.string())
		default:
			p.skip()
		}
	})
	return entry
}

// entryFromView makes an entry of which the digest is the view's.
func (m members) entryFromView(v viewEntry) (*pb.Entry, error) {
	entry := &pb.Entry{Index: new(v.index), Term: new(v.term)}
	switch v.kind {
	case "command":
		entry.Data = []byte(v.digest)
	case "configuration":
		made, err := m.changeFromText(v.digest)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", err, v.digest)
		}
		if entry.Data, err = proto.Marshal(made); err != nil {
			return nil, err
		}
		entry.Type = pb.EntryConfChangeV2.Enum()
	}
	return entry, nil
}

// messageFromView makes the library's own message from a view.
func (m members) messageFromView(from, to uint64, v view) (*pb.Message, error) {
	message := &pb.Message{From: new(from), To: new(to), Term: new(v.term)}
	switch v.kind {
	case "request-vote", "pre-vote":
		message.Type = pb.MsgVote.Enum()
		if v.kind == "pre-vote" {
			message.Type = pb.MsgPreVote.Enum()
		}
		message.Index, message.LogTerm = new(v.lastIndex), new(v.lastTerm)
		if v.transfer {
			message.Context = []byte(transferContext)
		}
	case "request-vote-response", "pre-vote-response":
		message.Type = pb.MsgVoteResp.Enum()
		if v.kind == "pre-vote-response" {
			message.Type = pb.MsgPreVoteResp.Enum()
		}
		message.Reject = new(!v.granted)
	case "append-entries":
		message.Type = pb.MsgApp.Enum()
		message.Index, message.LogTerm, message.Commit = new(v.previousIndex), new(v.previousTerm), new(v.commit)
		for _, entry := range v.entries {
			made, err := m.entryFromView(entry)
			if err != nil {
				return nil, err
			}
			message.Entries = append(message.Entries, made)
		}
	case "append-entries-response":
		message.Type = pb.MsgAppResp.Enum()
		message.Index, message.Reject, message.RejectHint = new(v.index), new(!v.success), new(v.hint)
	case "heartbeat":
		message.Type = pb.MsgHeartbeat.Enum()
		message.Commit, message.Context = new(v.commit), roundContext(v.round)
	case "heartbeat-response":
		message.Type = pb.MsgHeartbeatResp.Enum()
		message.Context = roundContext(v.round)
	case "install-snapshot":
		message.Type = pb.MsgSnap.Enum()
		message.Snapshot = &pb.Snapshot{
			Data: append([]byte{digestOnly}, v.digest...),
			Metadata: &pb.SnapshotMetadata{
				Index: new(v.lastIndex), Term: new(v.lastTerm), ConfState: v.configuration.state(),
			},
		}
	case "timeout-now":
		message.Type = pb.MsgTimeoutNow.Enum()
	case "read-index", "read-index-response":
		message.Type = pb.MsgReadIndex.Enum()
		if v.kind == "read-index-response" {
			message.Type, message.Index = pb.MsgReadIndexResp.Enum(), new(v.index)
		}
		message.Entries = []*pb.Entry{{Data: []byte(v.request)}}
	case "propose":
		message.Type = pb.MsgProp.Enum()
		for _, digest := range v.digests {
			message.Entries = append(message.Entries, &pb.Entry{Data: []byte(digest)})
		}
	default:
		return nil, fmt.Errorf("the library has no message of kind %q", v.kind)
	}
	return message, nil
}

// roleOf names a state in the words of the suite.
func roleOf(state raft.StateType) string {
	switch state {
	case raft.StateLeader:
		return "leader"
	case raft.StateCandidate:
		return "candidate"
	case raft.StatePreCandidate:
		return "pre-candidate"
	}
	return "follower"
}
