package main

// appendView appends a message in the suite's words.
func appendView(b []byte, m *message) []byte {
	b = append(append(append(b, `{"kind":"`...), m.kind...), '"')
	switch m.kind {
	case "push-pull", "push-pull-reply":
		b = append(appendFlag(b, "join", m.join), `,"members":[`...)
		for i, each := range m.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendRecord(b, each)
		}
		return append(b, ']', '}')
	case "ping", "stream-ping":
		b = appendText(appendField(b, "sequence", int64(m.sequence)), "target", m.target)
	case "indirect-ping":
		b = appendText(appendField(b, "sequence", int64(m.sequence)), "target", m.target)
		b = appendFlag(b, "nack", m.nack)
	case "ack", "nack", "stream-ack":
		b = appendField(b, "sequence", int64(m.sequence))
	}
	if stream, _ := isStream(m.kind); stream {
		return append(b, '}')
	}
	b = append(b, `,"gossip":[`...)
	for i, each := range m.gossip {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"status":"`...), each.status...), '"')
		b = appendField(appendText(b, "node", each.node), "incarnation", int64(each.incarnation))
		b = appendText(appendText(b, "from", each.from), "address", each.address)
		b = append(appendText(b, "meta", each.meta), '}')
	}
	return append(b, ']', '}')
}

func appendRecord(b []byte, r record) []byte {
	b = appendText(append(append(append(b, `{"status":"`...), r.status...), '"'), "node", r.node)
	b = appendText(appendField(b, "incarnation", int64(r.incarnation)), "address", r.address)
	return append(appendText(b, "meta", r.meta), '}')
}

func (p *parser) view() *message {
	m := &message{}
	p.object(func(name []byte) {
		switch string(name) {
		case "kind":
			m.kind = string(p.string())
		case "sequence":
			m.sequence = p.number32()
		case "target":
			m.target = string(p.string())
		case "nack":
			m.nack = p.boolean()
		case "join":
			m.join = p.boolean()
		case "gossip":
			m.gossip = []update{}
			p.array(func() { m.gossip = append(m.gossip, p.update()) })
		case "members":
			m.members = []record{}
			p.array(func() {
				u := p.update()
				m.members = append(m.members, record{
					node: u.node, status: u.status, incarnation: u.incarnation, address: u.address, meta: u.meta,
				})
			})
		default:
			p.skip()
		}
	})
	return m
}

// update reads an update, or a record: that has no `from`.
func (p *parser) update() (u update) {
	p.object(func(name []byte) {
		switch string(name) {
		case "status":
			u.status = string(p.string())
		case "node":
			u.node = string(p.string())
		case "incarnation":
			u.incarnation = p.number32()
		case "from":
			u.from = string(p.string())
		case "address":
			u.address = string(p.string())
		case "meta":
			u.meta = string(p.string())
		default:
			p.skip()
		}
	})
	return u
}

// number32 reads a number that the library keeps in 32 bits.
func (p *parser) number32() uint32 {
	value := p.unsigned()
	if value >= 1<<32 {
		p.fail("an integer below 2^32")
	}
	return uint32(value)
}
