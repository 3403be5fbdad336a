package main

import (
	"slices"
	"strings"
)

// report is what the suite was last told of a node.
type report struct {
	// whole is false until the first report of a life, which tells everything.
	whole       bool
	incarnation uint32
	score       int
	leaving     bool
	rows        map[string]row
}

// row is a record of the table.
type row struct {
	status      string
	incarnation uint32
	ip, meta    string
	port        uint16
}

func rowOf(each *nodeRecord) row {
	return row{statusOf(each.State), each.Incarnation, string(each.Addr), string(each.Meta), each.Port}
}

// differs reports whether state or table have changed since the last report.
func (r *report) differs(n *node) bool {
	if !r.whole || r.incarnation != n.incarnation.Load() || r.score != n.list.GetHealthScore() || r.leaving != n.hasLeft() ||
		len(r.rows) != len(n.table()) {
		return true
	}
	for _, each := range n.table() {
		if r.rows[each.Name] != rowOf(each) {
			return true
		}
	}
	return false
}

// appendChanges appends the fields of the state and the records of the table that changed.
func (n *node) appendChanges(b []byte) []byte {
	r := &n.seen
	if !r.differs(n) {
		return b
	}
	b = append(b, `,"state":{`...)
	start := len(b)
	if incarnation := n.incarnation.Load(); !r.whole || r.incarnation != incarnation {
		r.incarnation = incarnation
		b = appendField(b, "incarnation", int64(incarnation))
	}
	if score := n.list.GetHealthScore(); !r.whole || r.score != score {
		r.score = score
		b = appendField(b, "score", score)
	}
	if leaving := n.hasLeft(); !r.whole || r.leaving != leaving {
		r.leaving = leaving
		b = appendFlag(b, "leaving", leaving)
	}
	b = append(dropComma(b, start), `},"members":[`...)
	start = len(b)
	b = append(dropComma(n.appendRows(b), start), ']')
	r.whole = true
	return b
}

// appendRows appends the records that changed, sorted by name, a comma before each.
func (n *node) appendRows(b []byte) []byte {
	r := &n.seen
	now := make(map[string]row, len(n.table()))
	var changed []string
	for _, each := range n.table() {
		now[each.Name] = rowOf(each)
		if was, known := r.rows[each.Name]; !known || was != now[each.Name] {
			changed = append(changed, each.Name)
		}
	}
	for name := range r.rows {
		if _, known := now[name]; !known {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	for _, name := range changed {
		each, known := now[name]
		if !known {
			b = append(appendText(append(b, `,{"status":"forgotten"`...), "node", name), '}')
			continue
		}
		b = appendRecord(append(b, ','), record{
			node: name, status: each.status, incarnation: each.incarnation, meta: each.meta,
			address: joinAddress([]byte(each.ip), each.port),
		})
	}
	r.rows = now
	return b
}

// appendInspection appends everything about a node, read anew.
func (n *node) appendInspection(b []byte) []byte {
	b = append(b, `{"state":{`...)
	start := len(b)
	b = appendField(b, "incarnation", int64(n.incarnation.Load()))
	b = appendField(b, "score", n.list.GetHealthScore())
	b = appendFlag(b, "leaving", n.hasLeft())
	b = append(dropComma(b, start), `},"members":[`...)
	table := slices.Clone(n.table())
	slices.SortFunc(table, func(a, b *nodeRecord) int { return strings.Compare(a.Name, b.Name) })
	for i, each := range table {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecord(b, record{
			node: each.Name, status: statusOf(each.State), incarnation: each.Incarnation, meta: string(each.Meta),
			address: joinAddress(each.Addr, each.Port),
		})
	}
	return append(b, ']', '}')
}

// dropComma removes the comma at `at`, if anything was appended there.
func dropComma(b []byte, at int) []byte {
	if len(b) > at {
		return append(b[:at], b[at+1:]...)
	}
	return b
}
