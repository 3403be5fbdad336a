package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// command is an operation of the replicated key-value store.
type command struct {
	kind       string // put, get or compare-and-set
	key, value string
	expect     *string // nil: the key must be absent
}

// text is the entry's contents, and its digest. Operation 7 reads `x=v #7`, `x? #7`, or, where it compares first,
// `x:u=v #7` (`x:=v #7` for an absent key). It is short because the library bounds appends in bytes.
func (c command) text(operation int64) string {
	switch c.kind {
	case "put":
		return word(c.key) + "=" + word(c.value) + " " + tag(operation)
	case "compare-and-set":
		expect := ""
		if c.expect != nil {
			expect = word(*c.expect)
		}
		return word(c.key) + ":" + expect + "=" + word(c.value) + " " + tag(operation)
	}
	return word(c.key) + "? " + tag(operation)
}

// parseCommand is the inverse of text.
func parseCommand(text string) (c command, ok bool) {
	c.key, text = cutWord(text)
	if text == "" {
		return c, false
	}
	switch text[0] {
	case '?':
		c.kind = "get"
		return c, true
	case '=':
		c.kind = "put"
	case ':':
		c.kind = "compare-and-set"
		if text = text[1:]; text != "" && text[0] != '=' {
			var expect string
			expect, text = cutWord(text)
			c.expect = &expect
		}
	}
	if text == "" || text[0] != '=' {
		return c, false
	}
	c.value, _ = cutWord(text[1:])
	return c, true
}

// tag names the operation that an entry came from.
func tag(operation int64) string { return "#" + strconv.FormatInt(operation, 10) }

// operationOf reads the tag at the end of a text, or returns 0.
func operationOf(text string) int64 {
	id, err := strconv.ParseInt(text[strings.LastIndexByte(text, '#')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// plain reports whether a byte needs no quotes in a word.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// word is itself when it is plain, and quoted otherwise.
func word(text string) string {
	if text == "" || plainLength(text) < len(text) {
		return strconv.Quote(text)
	}
	return text
}

func plainLength(text string) int {
	for i := range len(text) {
		if !plain(text[i]) {
			return i
		}
	}
	return len(text)
}

// cutWord splits a text behind its first word.
func cutWord(text string) (word, rest string) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		word, _ := strconv.Unquote(quoted)
		return word, text[len(quoted):]
	}
	end := plainLength(text)
	return text[:end], text[end:]
}

// store is the state machine.
type store map[string]string

// apply carries out a command's text and returns its answer; nil stands for null. Other texts change nothing.
func (s store) apply(text string) *string {
	c, ok := parseCommand(text)
	if !ok {
		return nil
	}
	current := s.get(c.key)
	switch c.kind {
	case "get":
		return current
	case "put":
		s[c.key] = c.value
		return nil
	}
	equal := current == nil && c.expect == nil || current != nil && c.expect != nil && *current == *c.expect
	if equal {
		s[c.key] = c.value
	}
	return new(strconv.FormatBool(equal))
}

func (s store) get(key string) *string {
	if value, ok := s[key]; ok {
		return &value
	}
	return nil
}

func (s store) sorted() [][2]string {
	pairs := make([][2]string, 0, len(s))
	for _, key := range slices.Sorted(maps.Keys(s)) {
		pairs = append(pairs, [2]string{key, s[key]})
	}
	return pairs
}

// digestOnly marks the contents of a snapshot that was made from a view: of its store only the digest is known.
const digestOnly = '='

// snapshot is the store's contents for a raft snapshot.
func (s store) snapshot() []byte {
	contents, err := json.Marshal(s.sorted())
	if err != nil {
		panic(err)
	}
	return contents
}

func restoreStore(contents []byte) store {
	restored := store{}
	var pairs [][2]string
	if len(contents) > 0 && contents[0] != digestOnly {
		if err := json.Unmarshal(contents, &pairs); err != nil {
			panic(err)
		}
	}
	for _, pair := range pairs {
		restored[pair[0]] = pair[1]
	}
	return restored
}

func storeDigest(contents []byte) string {
	if len(contents) > 0 && contents[0] == digestOnly {
		return string(contents[1:])
	}
	hash := fnv.New64a()
	hash.Write(contents)
	return fmt.Sprintf("%016x", hash.Sum64())
}
