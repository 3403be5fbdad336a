// Command networkdb lets Swarmcheck drive Docker's network database in virtual time: newline-delimited JSON requests on
// standard input, one answer a request on standard output.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/containerd/log"
)

// modulePath is the implementation under test.
const modulePath = "github.com/moby/moby/v2"

func main() {
	// One node works at a time, and its goroutines take turns more evenly on one processor.
	runtime.GOMAXPROCS(1)
	version, err := libraryVersion()
	if err == nil {
		err = checkLayout()
	}
	if err != nil {
		fail(err)
	}
	must(log.SetLevel("fatal"))
	// Bubbles need a test to live in; this one never ends.
	everything := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(everything, []testing.InternalTest{{Name: "adapter", F: func(t *testing.T) {
		if err := serve(&handler{t: t, version: version, runs: map[int64]*run{}}); err != nil {
			fail(err)
		}
		os.Exit(0)
	}}}, nil, nil)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "networkdb:", err)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// libraryVersion reads the version that was linked, and refuses one that library.go was not read against.
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
			return "", fmt.Errorf("linked with %s %s, but library.go was written for %s: compare what it reads and calls",
				modulePath, dependency.Version, observedVersion)
		}
		return dependency.Version, nil
	}
	return "", errors.New("build information does not name " + modulePath)
}

// serve answers requests until `exit` or the end of input.
func serve(h *handler) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for !h.exited && in.Scan() {
		if _, err := out.Write(h.handle(in.Bytes())); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return in.Err()
}
