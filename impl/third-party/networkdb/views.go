package main

import (
	"encoding/json"
	"net/url"

	"github.com/gogo/protobuf/proto"
	"github.com/hashicorp/serf/serf"
	"github.com/moby/moby/v2/daemon/libnetwork/networkdb"
)

// table is the one in which all entries are kept; keys of the suite name it and the entry in it.
const table = "table"

// keptKey is a key as the library keeps it: slashes would part it.
func keptKey(key string) string { return url.PathEscape(key) }

func shownKey(key string) string {
	shown, err := url.PathUnescape(key)
	must(err)
	return shown
}

// event of any type, as the suite sees it.
type event struct {
	Type     string  `json:"type"`
	Event    string  `json:"event"`
	Name     string  `json:"name,omitempty"`
	Network  string  `json:"network,omitempty"`
	Key      string  `json:"key,omitempty"`
	Owner    string  `json:"owner,omitempty"`
	Time     uint64  `json:"time"`
	Value    *string `json:"value,omitempty"`
	Residual *int64  `json:"residual,omitempty"`
}

// view is a message of any kind, as the suite sees it. Fields that a kind does not have are nil.
type view struct {
	Kind        string    `json:"kind"`
	Network     *string   `json:"network,omitempty"`
	Events      *[]event  `json:"events,omitempty"`
	Name        *string   `json:"name,omitempty"`
	Time        *uint64   `json:"time,omitempty"`
	Networks    *[]string `json:"networks,omitempty"`
	Attachments *[]event  `json:"attachments,omitempty"`
	Entries     *[]event  `json:"entries,omitempty"`
}

// envelope keeps a message as the library's own bytes: one for each message that is handled by itself.
type envelope struct {
	from, to *node
	parts    [][]byte
	kind     string
}

// scale says how much longer things are remembered than the library believes, since it counts turns of a fixed length.
type scale struct{ shown, kept int64 }

func (s scale) seconds(milliseconds int64) int32 {
	return int32((milliseconds*s.kept/s.shown + 999) / 1000)
}
func (s scale) milliseconds(seconds int32) int64 { return int64(seconds) * 1000 * s.shown / s.kept }

func unmarshal[M proto.Message](data []byte, message M) M {
	must(proto.Unmarshal(data, message))
	return message
}

func marshal(message proto.Message) []byte {
	data, err := proto.Marshal(message)
	must(err)
	return data
}

func wrap(kind networkdb.MessageType, data []byte) []byte {
	return marshal(&networkdb.GossipMessage{Type: kind, Data: data})
}

func compound(parts [][]byte) []byte {
	var message networkdb.CompoundMessage
	for _, part := range parts {
		message.Messages = append(message.Messages, &networkdb.CompoundMessage_SimpleMessage{Payload: part})
	}
	return wrap(networkdb.MessageTypeCompound, marshal(&message))
}

func partsOf(data []byte) (parts [][]byte) {
	for _, part := range unmarshal(data, &networkdb.CompoundMessage{}).Messages {
		parts = append(parts, part.Payload)
	}
	return parts
}

func (s scale) event(raw []byte) event {
	outer := unmarshal(raw, &networkdb.GossipMessage{})
	switch outer.Type {
	case networkdb.MessageTypeNodeEvent:
		e := unmarshal(outer.Data, &networkdb.NodeEvent{})
		return event{Type: "node", Event: choose(e.Type == networkdb.NodeEventTypeLeave, "leave", "join"),
			Name: e.NodeName, Time: uint64(e.LTime)}
	case networkdb.MessageTypeNetworkEvent:
		e := unmarshal(outer.Data, &networkdb.NetworkEvent{})
		return attachment(e.NodeName, e.NetworkID, uint64(e.LTime), e.Type == networkdb.NetworkEventTypeLeave)
	case networkdb.MessageTypeTableEvent:
		e := unmarshal(outer.Data, &networkdb.TableEvent{})
		value, residual := string(e.Value), s.milliseconds(e.ResidualReapTime)
		what := map[networkdb.TableEvent_Type]string{networkdb.TableEventTypeCreate: "create",
			networkdb.TableEventTypeUpdate: "update", networkdb.TableEventTypeDelete: "delete"}[e.Type]
		return event{Type: "table", Event: what, Network: e.NetworkID, Key: shownKey(e.Key), Owner: e.NodeName,
			Time: uint64(e.LTime), Value: &value, Residual: &residual}
	}
	panic("a message of an unexpected type: " + outer.Type.String())
}

func attachment(name, network string, time uint64, leaving bool) event {
	return event{Type: "network", Event: choose(leaving, "leave", "join"), Name: name, Network: network, Time: time}
}

func (s scale) events(parts [][]byte) *[]event {
	events := []event{}
	for _, part := range parts {
		events = append(events, s.event(part))
	}
	return &events
}

// view decodes a message.
func (s scale) view(e *envelope) view {
	if e.kind == "gossip" {
		return view{Kind: e.kind, Events: s.events(e.parts)}
	}
	outer := unmarshal(e.parts[0], &networkdb.GossipMessage{})
	switch e.kind {
	case "table-gossip":
		events := s.events(partsOf(outer.Data))
		return view{Kind: e.kind, Network: &(*events)[0].Network, Events: events}
	case "push-pull", "push-pull-reply":
		state := unmarshal(outer.Data, &networkdb.NetworkPushPull{})
		attachments, time := []event{}, uint64(state.LTime)
		for _, each := range state.Networks {
			attachments = append(attachments, attachment(each.NodeName, each.NetworkID, uint64(each.LTime), each.Leaving))
		}
		return view{Kind: e.kind, Name: &state.NodeName, Time: &time, Attachments: &attachments}
	}
	sync := unmarshal(outer.Data, &networkdb.BulkSyncMessage{})
	attachments, entries, time, networks := []event{}, []event{}, uint64(sync.LTime), sync.Networks
	for _, each := range *s.events(partsOf(unmarshal(sync.Payload, &networkdb.GossipMessage{}).Data)) {
		if each.Type == "network" {
			attachments = append(attachments, each)
		} else {
			entries = append(entries, each)
		}
	}
	if networks == nil {
		networks = []string{}
	}
	return view{Kind: e.kind, Name: &sync.NodeName, Time: &time, Networks: &networks, Attachments: &attachments,
		Entries: &entries}
}

func (s scale) encodeEvent(e event) []byte {
	switch e.Type {
	case "node":
		kind := choose(e.Event == "leave", networkdb.NodeEventTypeLeave, networkdb.NodeEventTypeJoin)
		return wrap(networkdb.MessageTypeNodeEvent,
			marshal(&networkdb.NodeEvent{Type: kind, LTime: serf.LamportTime(e.Time), NodeName: e.Name}))
	case "network":
		kind := choose(e.Event == "leave", networkdb.NetworkEventTypeLeave, networkdb.NetworkEventTypeJoin)
		return wrap(networkdb.MessageTypeNetworkEvent, marshal(&networkdb.NetworkEvent{
			Type: kind, LTime: serf.LamportTime(e.Time), NodeName: e.Name, NetworkID: e.Network}))
	}
	kind := map[string]networkdb.TableEvent_Type{"create": networkdb.TableEventTypeCreate,
		"update": networkdb.TableEventTypeUpdate, "delete": networkdb.TableEventTypeDelete}[e.Event]
	return wrap(networkdb.MessageTypeTableEvent, marshal(&networkdb.TableEvent{
		Type: kind, LTime: serf.LamportTime(e.Time), NodeName: e.Owner, NetworkID: e.Network, TableName: table,
		Key: keptKey(e.Key), Value: []byte(*e.Value), ResidualReapTime: s.seconds(*e.Residual)}))
}

func (s scale) encodeEvents(lists ...*[]event) (parts [][]byte) {
	for _, list := range lists {
		for _, each := range *list {
			parts = append(parts, s.encodeEvent(each))
		}
	}
	return parts
}

// encode makes a message from its view.
func (s scale) encode(text json.RawMessage, from, to *node) *envelope {
	var v view
	must(json.Unmarshal(text, &v))
	e := &envelope{from: from, to: to, kind: v.Kind}
	switch v.Kind {
	case "gossip":
		e.parts = s.encodeEvents(v.Events)
	case "table-gossip":
		if len(*v.Events) == 0 {
			panic(refused{"unsupported", "no message tells of no entries"})
		}
		e.parts = [][]byte{compound(s.encodeEvents(v.Events))}
	case "bulk-sync", "bulk-sync-reply":
		e.parts = [][]byte{wrap(networkdb.MessageTypeBulkSync, marshal(&networkdb.BulkSyncMessage{
			LTime: serf.LamportTime(*v.Time), Unsolicited: v.Kind == "bulk-sync", NodeName: *v.Name,
			Networks: *v.Networks, Payload: compound(s.encodeEvents(v.Attachments, v.Entries))}))}
	default:
		state := networkdb.NetworkPushPull{LTime: serf.LamportTime(*v.Time), NodeName: *v.Name}
		for _, each := range *v.Attachments {
			state.Networks = append(state.Networks, &networkdb.NetworkEntry{NetworkID: each.Network,
				LTime: serf.LamportTime(each.Time), NodeName: each.Name, Leaving: each.Event == "leave"})
		}
		e.parts = [][]byte{wrap(networkdb.MessageTypePushPull, marshal(&state))}
	}
	return e
}

func choose[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}
