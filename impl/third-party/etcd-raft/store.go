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

// text is the entry's contents, and its digest: `put x v1 #7` for operation 7.
func (c command) text(operation int64) string {
	words := []string{c.kind, word(c.key)}
	if c.kind == "compare-and-set" {
		expect := "-"
		if c.expect != nil {
			expect = word(*c.expect)
		}
		words = append(words, expect)
	}
	if c.kind != "get" {
		words = append(words, word(c.value))
	}
	return strings.Join(append(words, tag(operation)), " ")
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

// word is itself when it is plain, and quoted otherwise.
func word(text string) string {
	plain := text != "" && text != "-"
	for i := 0; i < len(text) && plain; i++ {
		c := text[i]
		plain = c > ' ' && c != '"' && c != '#' && c < 0x7f
	}
	if plain {
		return text
	}
	return strconv.Quote(text)
}

// words splits a command's text; it is nil for a text that is none.
func words(text string) (found []string) {
	for text != "" {
		next, rest, _ := strings.Cut(text, " ")
		if text[0] == '"' {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil
			}
			next, rest = quoted, strings.TrimPrefix(text[len(quoted):], " ")
		}
		found, text = append(found, next), rest
	}
	return found
}

func unquote(word string) string {
	if word[0] != '"' {
		return word
	}
	text, err := strconv.Unquote(word)
	if err != nil {
		return word
	}
	return text
}

// store is the state machine.
type store map[string]string

// apply carries out a command's text and returns its answer; nil stands for null. Other texts change nothing.
func (s store) apply(text string) *string {
	switch found := words(text); {
	case len(found) == 4 && found[0] == "put":
		s[unquote(found[1])] = unquote(found[2])
	case len(found) == 3 && found[0] == "get":
		return s.get(unquote(found[1]))
	case len(found) == 5 && found[0] == "compare-and-set":
		current := s.get(unquote(found[1]))
		equal := current == nil && found[2] == "-" || current != nil && found[2] != "-" && *current == unquote(found[2])
		if equal {
			s[unquote(found[1])] = unquote(found[3])
		}
		return new(strconv.FormatBool(equal))
	}
	return nil
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
