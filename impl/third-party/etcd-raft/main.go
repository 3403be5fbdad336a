// Command etcd-raft lets Swarmcheck drive go.etcd.io/raft/v3 in virtual time: newline-delimited
// JSON requests on standard input, one answer a request on standard output.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// modulePath is the implementation under test.
const modulePath = "go.etcd.io/raft/v3"

// features are chosen on the command line, for all runs of the process.
type features struct {
	// async drives the library with AsyncStorageWrites.
	async bool
	// holdVotes keeps back requests for votes until the candidate's own vote is durable, with AsyncStorageWrites.
	holdVotes bool
	// lease answers reads from the leader's lease (ReadOnlyLeaseBased) instead of a round of heartbeats.
	lease bool
}

func main() {
	var chosen features
	flag.BoolVar(&chosen.async, "async", false, "use AsyncStorageWrites")
	flag.BoolVar(&chosen.holdVotes, "hold-votes", false, "with -async, ask for votes only when the own one is durable")
	flag.BoolVar(&chosen.lease, "lease", false, "answer reads from the leader's lease, in runs with checkQuorum")
	flag.Parse()
	version, err := libraryVersion()
	if err == nil {
		err = serve(newHandler(chosen, version), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd-raft:", err)
		os.Exit(1)
	}
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
				"compare the fields it reads, then change observedVersion", modulePath, dependency.Version, observedVersion)
		}
		return dependency.Version, nil
	}
	return "", errors.New("build information does not name " + modulePath)
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
