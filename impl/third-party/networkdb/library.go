package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unsafe"

	"github.com/docker/go-events"
	iradix "github.com/hashicorp/go-immutable-radix/v2"
	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/serf/serf"
	"github.com/moby/moby/v2/daemon/libnetwork/networkdb"
)

// observedVersion is the version of the library whose unexported parts this file was written for.
const observedVersion = "v2.0.0-beta.24"

// What the library does by timers of its own, at intervals that it fixes; the adapter calls it at those of a run.

//go:linkname gossipTables github.com/moby/moby/v2/daemon/libnetwork/networkdb.(*NetworkDB).gossip
func gossipTables(*networkdb.NetworkDB)

//go:linkname bulkSyncTables github.com/moby/moby/v2/daemon/libnetwork/networkdb.(*NetworkDB).bulkSyncTables
func bulkSyncTables(*networkdb.NetworkDB)

//go:linkname reapState github.com/moby/moby/v2/daemon/libnetwork/networkdb.(*NetworkDB).reapState
func reapState(*networkdb.NetworkDB)

//go:linkname deschedule github.com/hashicorp/memberlist.(*Memberlist).deschedule
func deschedule(*memberlist.Memberlist)

// The library's own, which it does not export.
const (
	libraryReapPeriod  = 5 * time.Second
	libraryGossipNodes = 3
	librarySyncTimeout = 30 * time.Second
	packetSize         = 1400
)

// entryRecord is an entry as the library lays it out.
type entryRecord struct {
	node     string
	ltime    serf.LamportTime
	value    []byte
	deleting bool
	reapTime time.Duration
}

// field of a struct that the library keeps to itself, as a value of this type.
func field[T any](of any, name string) *T {
	value := reflect.ValueOf(of).Elem().FieldByName(name)
	return (*T)(unsafe.Pointer(value.UnsafeAddr()))
}

// checkLayout makes sure that entries are laid out as this file believes.
func checkLayout() error {
	indexes, ok := reflect.TypeFor[networkdb.NetworkDB]().FieldByName("indexes")
	if !ok {
		return fmt.Errorf("a NetworkDB has no indexes")
	}
	root, _ := indexes.Type.Elem().Elem().FieldByName("root")
	walk, _ := root.Type.MethodByName("Minimum")
	theirs, ours := walk.Type.Out(1).Elem(), reflect.TypeFor[entryRecord]()
	if theirs.NumField() != ours.NumField() {
		return fmt.Errorf("an entry has %d fields, not %d", theirs.NumField(), ours.NumField())
	}
	for i := range ours.NumField() {
		if a, b := theirs.Field(i), ours.Field(i); a.Name != b.Name || a.Type != b.Type || a.Offset != b.Offset {
			return fmt.Errorf("field %d of an entry is %s %s", i, a.Name, a.Type)
		}
	}
	return nil
}

// library is a NetworkDB, and what is read of it where it lies. Only to be used while all its goroutines are at rest.
type library struct {
	db       *networkdb.NetworkDB
	list     *memberlist.Memberlist
	delegate memberlist.Delegate
	events   memberlist.EventDelegate
}

// open makes a NetworkDB on a transport. Its timers, and those of the member list in it, are stopped.
func open(name, address string, transport memberlist.Transport, seed [32]byte, reapInterval time.Duration) (library, error) {
	config := networkdb.DefaultConfig()
	config.NodeID, config.Hostname = name, name
	config.BindAddr, config.AdvertiseAddr, config.BindPort = address, address, port
	config.PacketBufferSize = packetSize
	*field[memberlist.Transport](config, "transport") = transport
	*field[*[32]byte](config, "rngSeed") = &seed
	*field[time.Duration](config, "reapEntryInterval") = reapInterval
	db, err := networkdb.New(config)
	if err != nil {
		return library{}, err
	}
	(*field[context.CancelFunc](db, "cancelCtx"))()
	list := *field[*memberlist.Memberlist](db, "memberlist")
	deschedule(list)
	settings := *field[*memberlist.Config](list, "config")
	settings.EnableCompression = false
	return library{db, list, settings.Delegate, settings.Events}, nil
}

func (l library) shut() {
	_ = l.list.Shutdown()
	_ = (*field[*events.Broadcaster](l.db, "broadcaster")).Close()
}

func (l library) clock(name string) uint64 {
	return uint64(field[serf.LamportClock](l.db, name).Time())
}

// queues are those of news about nodes and networks, and those of each network's entries.
func (l library) queues() (cluster, tables []*memberlist.TransmitLimitedQueue) {
	for _, name := range []string{"networkBroadcasts", "nodeBroadcasts"} {
		cluster = append(cluster, *field[*memberlist.TransmitLimitedQueue](l.db, name))
	}
	own := reflect.ValueOf(l.db).Elem().FieldByName("thisNodeNetworks")
	for each := own.MapRange(); each.Next(); {
		network := each.Value().Elem()
		for _, name := range []string{"tableBroadcasts", "tableRebroadcasts"} {
			tables = append(tables, (*memberlist.TransmitLimitedQueue)(network.FieldByName(name).UnsafePointer()))
		}
	}
	return cluster, tables
}

type peerRow struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Status  string `json:"status"`
}

type attachmentRow struct {
	Name    string  `json:"name"`
	Network string  `json:"network"`
	Time    *uint64 `json:"time,omitempty"`
	Status  string  `json:"status"`
}

type entryRow struct {
	Network string  `json:"network"`
	Key     string  `json:"key"`
	Owner   string  `json:"owner,omitempty"`
	Time    *uint64 `json:"time,omitempty"`
	Value   *string `json:"value,omitempty"`
	Status  string  `json:"status"`
}

func (l library) peers(self string, nameOf func(ip string) string) map[string]peerRow {
	rows := map[string]peerRow{}
	for status, name := range map[string]string{"active": "nodes", "failed": "failedNodes", "left": "leftNodes"} {
		nodes := reflect.ValueOf(l.db).Elem().FieldByName(name)
		for each := nodes.MapRange(); each.Next(); {
			peer := (*memberlist.Node)(each.Value().UnsafePointer())
			if peer.Name != self {
				rows[peer.Name] = peerRow{peer.Name, nameOf(peer.Addr.String()), status}
			}
		}
	}
	return rows
}

func (l library) attachments(self string) map[string]attachmentRow {
	rows := map[string]attachmentRow{}
	add := func(name, network string, record reflect.Value) {
		time, status := record.FieldByName("ltime").Uint(), "joined"
		if record.FieldByName("leaving").Bool() {
			status = "left"
		}
		rows[name+"/"+network] = attachmentRow{name, network, &time, status}
	}
	db := reflect.ValueOf(l.db).Elem()
	for each := db.FieldByName("thisNodeNetworks").MapRange(); each.Next(); {
		add(self, each.Key().String(), each.Value().Elem())
	}
	for peer := db.FieldByName("networks").MapRange(); peer.Next(); {
		for each := peer.Value().MapRange(); each.Next(); {
			add(peer.Key().String(), each.Key().String(), each.Value().Elem())
		}
	}
	return rows
}

const byNetwork = 2

func (l library) entries(peers map[string]peerRow) map[string]entryRow {
	rows := map[string]entryRow{}
	tree := (*field[map[int]*iradix.Tree[*entryRecord]](l.db, "indexes"))[byNetwork]
	tree.Root().Walk(func(path []byte, entry *entryRecord) bool {
		parts := strings.Split(string(path[1:]), "/")
		status, time, value, key := "live", uint64(entry.ltime), string(entry.value), shownKey(parts[2])
		if entry.deleting {
			status = "tombstone"
		} else if peers[entry.node].Status == "failed" {
			status = "suspended"
		}
		rows[parts[0]+"/"+key] = entryRow{parts[0], key, entry.node, &time, &value, status}
		return false
	})
	return rows
}
