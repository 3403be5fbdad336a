// Command memberlist lets Swarmcheck drive github.com/hashicorp/memberlist in virtual time: newline-delimited JSON
// requests on standard input, one answer a request on standard output.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// modulePath is the implementation under test.
const modulePath = "github.com/hashicorp/memberlist"

func main() {
	compress := flag.Bool("compress", false, "compress packets, as the library does by default; streams are shorter, runs slower")
	// One node works at a time, and its goroutines take turns more evenly on one processor.
	runtime.GOMAXPROCS(1)
	version, err := libraryVersion()
	if err == nil {
		err = checkDraws()
	}
	if err != nil {
		fail(err)
	}
	// Bubbles need a test to live in; this one never ends.
	everything := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(everything, []testing.InternalTest{{Name: "adapter", F: func(t *testing.T) {
		if err := serve(newHandler(t, *compress, version), os.Stdin, os.Stdout); err != nil {
			fail(err)
		}
		os.Exit(0)
	}}}, nil, nil)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "memberlist:", err)
	os.Exit(1)
}

// libraryVersion reads the version that was linked, and refuses one that observe.go was not read against.
func libraryVersion() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("no build information; build with `go build`")
	}
	for _, dependency := range info.Deps {
		if dependency.Path != modulePath {
			continue
		}
		if dependency.Version != observedVersion {
			return "", fmt.Errorf("linked with %s %s, but observe.go was written for %s: "+
				"compare the fields it reads and the timers that agenda.go knows, then change observedVersion",
				modulePath, dependency.Version, observedVersion)
		}
		return dependency.Version, nil
	}
	return "", errors.New("build information does not name " + modulePath)
}

// checkDraws makes sure that the global source can be seeded, which go.mod asks for.
func checkDraws() error {
	const seed = 42
	rand.Seed(seed) //nolint:staticcheck // The library draws from the global source.
	for _, expected := range firstDraws(seed) {
		if rand.Int63() != expected {
			return errors.New("built without randseednop=0")
		}
	}
	return nil
}

// serve answers requests until `exit` or the end of input. Answers are flushed when no whole request waits.
func serve(handler *handler, input io.Reader, output io.Writer) error {
	in := bufio.NewReaderSize(input, 1<<20)
	out := bufio.NewWriterSize(output, 1<<20)
	for !handler.exited {
		line, err := readLine(in)
		if len(line) == 0 && err != nil {
			break
		}
		if _, err := out.Write(handler.handle(line)); err != nil {
			return err
		}
		waiting, _ := in.Peek(in.Buffered())
		if bytes.IndexByte(waiting, '\n') < 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// readLine returns the next line without its end. The slice is valid until the next call.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = in.ReadSlice('\n')
			whole = append(whole, line...)
		}
		line = whole
	}
	return bytes.TrimRight(line, "\r\n"), err
}
