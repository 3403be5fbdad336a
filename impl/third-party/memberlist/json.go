package main

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// malformed is thrown by the parser and caught where a request begins.
type malformed string

// parser reads one JSON text of which the shape is known. Strings without escapes are not copied.
type parser struct {
	text []byte
	at   int
}

func (p *parser) fail(expected string) {
	panic(malformed(fmt.Sprintf("byte %d: expected %s", p.at, expected)))
}

func (p *parser) peek() byte {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return c
		}
	}
	return 0
}

func (p *parser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(c byte) {
	if !p.accept(c) {
		p.fail(string(c))
	}
}

// object calls field with each name; field reads the value.
func (p *parser) object(field func(name []byte)) {
	p.expect('{')
	if p.accept('}') {
		return
	}
	for {
		name := p.string()
		p.expect(':')
		field(name)
		if p.accept('}') {
			return
		}
		p.expect(',')
	}
}

// array calls element once for each element; element reads it.
func (p *parser) array(element func()) {
	p.expect('[')
	if p.accept(']') {
		return
	}
	for {
		element()
		if p.accept(']') {
			return
		}
		p.expect(',')
	}
}

func (p *parser) string() []byte {
	p.expect('"')
	start := p.at
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case '"':
			p.at++
			return p.text[start : p.at-1]
		case '\\':
			return p.escaped(start)
		}
		p.at++
	}
	p.fail("end of string")
	return nil
}

func (p *parser) escaped(start int) []byte {
	out := append([]byte(nil), p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return out
		case c != '\\':
			out = append(out, c)
		case p.at < len(p.text):
			c = p.text[p.at]
			p.at++
			switch c {
			case 'b':
				out = append(out, '\b')
			case 'f':
				out = append(out, '\f')
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			case 'u':
				r := p.hex()
				if utf16.IsSurrogate(r) && p.at+1 < len(p.text) && p.text[p.at] == '\\' && p.text[p.at+1] == 'u' {
					p.at += 2
					r = utf16.DecodeRune(r, p.hex())
				}
				out = utf8.AppendRune(out, r)
			default:
				out = append(out, c)
			}
		}
	}
	p.fail("end of string")
	return nil
}

func (p *parser) hex() rune {
	if p.at+4 > len(p.text) {
		p.fail("four hexadecimal digits")
	}
	value, err := strconv.ParseUint(string(p.text[p.at:p.at+4]), 16, 32)
	if err != nil {
		p.fail("four hexadecimal digits")
	}
	p.at += 4
	return rune(value)
}

func (p *parser) integer() int64 {
	negative := p.accept('-')
	p.peek()
	start, value := p.at, int64(0)
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		value = value*10 + int64(p.text[p.at]-'0')
		p.at++
	}
	if p.at == start || p.at-start > 18 {
		p.fail("an integer")
	}
	if negative {
		return -value
	}
	return value
}

func (p *parser) unsigned() uint64 {
	value := p.integer()
	if value < 0 {
		p.fail("an integer that is not negative")
	}
	return uint64(value)
}

func (p *parser) word(word string) bool {
	p.peek()
	if end := p.at + len(word); end <= len(p.text) && string(p.text[p.at:end]) == word {
		p.at = end
		return true
	}
	return false
}

func (p *parser) boolean() bool {
	if p.word("true") {
		return true
	}
	if !p.word("false") {
		p.fail("true or false")
	}
	return false
}

func (p *parser) null() bool { return p.word("null") }

// skip passes over any value, and returns its text.
func (p *parser) skip() []byte {
	c := p.peek()
	start := p.at
	switch {
	case c == '{':
		p.object(func([]byte) { p.skip() })
	case c == '[':
		p.array(func() { p.skip() })
	case c == '"':
		p.string()
	case p.word("true"), p.word("false"), p.word("null"):
	default:
		for p.at < len(p.text) {
			switch c := p.text[p.at]; {
			case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
				p.at++
				continue
			}
			break
		}
		if p.at == start {
			p.fail("a value")
		}
	}
	return p.text[start:p.at]
}

// appendString appends text as a JSON string.
func appendString[T string | []byte](b []byte, text T) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// appendField appends `,"name":value` for an integer.
func appendField[T ~int | ~int64 | ~uint64](b []byte, name string, value T) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return strconv.AppendInt(b, int64(value), 10)
}

func appendFlag(b []byte, name string, value bool) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return strconv.AppendBool(b, value)
}

func appendText[T string | []byte](b []byte, name string, value T) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendString(b, value)
}
