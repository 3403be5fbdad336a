package main

import (
	"errors"
	"slices"
	"strings"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// members maps the names of a run's nodes to the library's numbers (from 1, in the order of `nodes`) and back.
type members struct {
	names []string
	ids   map[string]uint64
}

func newMembers(names []string) members {
	ids := make(map[string]uint64, len(names))
	for i, name := range names {
		ids[name] = uint64(i + 1)
	}
	return members{names, ids}
}

// name is empty for 0 and for numbers that the run does not know.
func (m members) name(id uint64) string {
	if id == 0 || id > uint64(len(m.names)) {
		return ""
	}
	return m.names[id-1]
}

// appendName appends a name, or null for no node.
func (m members) appendName(b []byte, id uint64) []byte {
	if name := m.name(id); name != "" {
		return appendString(b, name)
	}
	return append(b, "null"...)
}

func (m members) appendNames(b []byte, ids []uint64) []byte {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, m.name(id))
	}
	slices.Sort(names)
	b = append(b, '[')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	return append(b, ']')
}

func (m members) appendConfiguration(b []byte, state *pb.ConfState) []byte {
	b = m.appendNames(append(b, `{"voters":`...), state.GetVoters())
	b = m.appendNames(append(b, `,"outgoing":`...), state.GetVotersOutgoing())
	b = m.appendNames(append(b, `,"learners":`...), state.GetLearners())
	return append(b, '}')
}

// configuration of a request or a view.
type configuration struct{ voters, outgoing, learners []uint64 }

func (p *parser) configuration(m members) (parsed configuration) {
	list := func() (ids []uint64) {
		p.array(func() {
			name := p.string()
			id, ok := m.ids[string(name)]
			if !ok {
				panic(malformed("unknown node " + string(name)))
			}
			ids = append(ids, id)
		})
		slices.Sort(ids)
		return ids
	}
	p.object(func(name []byte) {
		switch string(name) {
		case "voters":
			parsed.voters = list()
		case "outgoing":
			parsed.outgoing = list()
		case "learners":
			parsed.learners = list()
		default:
			p.skip()
		}
	})
	return parsed
}

func (c configuration) state() *pb.ConfState {
	return &pb.ConfState{
		Voters:         c.voters,
		VotersOutgoing: c.outgoing,
		Learners:       c.learners,
		AutoLeave:      new(len(c.outgoing) > 0),
	}
}

// change is one part of a membership change, in the words of the suite.
type change struct {
	kind string
	node uint64
}

var changeTypes = map[string]pb.ConfChangeType{
	"add-voter":   pb.ConfChangeAddNode,
	"add-learner": pb.ConfChangeAddLearnerNode,
	"remove":      pb.ConfChangeRemoveNode,
}

func changeKind(kind pb.ConfChangeType) string {
	for name, known := range changeTypes {
		if known == kind {
			return name
		}
	}
	return kind.String()
}

// configurationChange asks for the changes: through a joint configuration, left by itself, where asked or needed.
func configurationChange(changes []change, joint bool, context string) *pb.ConfChangeV2 {
	transition := pb.ConfChangeTransitionAuto
	if joint || len(changes) > 1 {
		transition = pb.ConfChangeTransitionJointImplicit
	}
	made := &pb.ConfChangeV2{Transition: transition.Enum(), Context: []byte(context)}
	for _, c := range changes {
		made.Changes = append(made.Changes, &pb.ConfChangeSingle{Type: changeTypes[c.kind].Enum(), NodeId: new(c.node)})
	}
	return made
}

// configurationOf reads an entry's change. The library writes simple changes of one node in the older form.
func configurationOf(entry *pb.Entry) *pb.ConfChangeV2 {
	if entry.GetType() == pb.EntryConfChange {
		older := &pb.ConfChange{}
		if err := proto.Unmarshal(entry.GetData(), older); err != nil {
			panic(err)
		}
		return older.AsV2()
	}
	made := &pb.ConfChangeV2{}
	if err := proto.Unmarshal(entry.GetData(), made); err != nil {
		panic(err)
	}
	return made
}

const leaveJoint = "leave-joint"

// changeText is the digest of a configuration entry: `joint add-voter n4 remove n1 #7`.
func (m members) changeText(made *pb.ConfChangeV2) string {
	if made.LeaveJoint() {
		return leaveJoint
	}
	var text []string
	if _, joint := made.EnterJoint(); joint {
		text = append(text, "joint")
	}
	for _, single := range made.GetChanges() {
		text = append(text, changeKind(single.GetType()), m.name(single.GetNodeId()))
	}
	if len(made.GetContext()) > 0 {
		text = append(text, string(made.GetContext()))
	}
	return strings.Join(text, " ")
}

var errNoChange = errors.New("the digest names no change of the configuration")

// changeFromText is the inverse of changeText.
func (m members) changeFromText(text string) (*pb.ConfChangeV2, error) {
	if text == leaveJoint {
		return &pb.ConfChangeV2{}, nil
	}
	fields := strings.Fields(text)
	joint := len(fields) > 0 && fields[0] == "joint"
	if joint {
		fields = fields[1:]
	}
	context := ""
	if last := len(fields) - 1; last >= 0 && fields[last][0] == '#' {
		context, fields = fields[last], fields[:last]
	}
	var changes []change
	for ; len(fields) > 1; fields = fields[2:] {
		if _, known := changeTypes[fields[0]]; !known || m.ids[fields[1]] == 0 {
			return nil, errNoChange
		}
		changes = append(changes, change{fields[0], m.ids[fields[1]]})
	}
	if len(changes) == 0 || len(fields) > 0 {
		return nil, errNoChange
	}
	return configurationChange(changes, joint, context), nil
}
