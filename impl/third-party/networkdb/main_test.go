package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

const options = `{"gossipInterval":200,"gossipNodes":3,"retransmitMult":4,"bulkSyncInterval":30000,"bulkSyncTimeout":30000,` +
	`"pushPullInterval":30000,"reapInterval":60000,"reapPeriod":1000}`

// session asks the handler in the name of the suite.
type session struct {
	t   *testing.T
	h   *handler
	seq int
}

func (s *session) ask(request string) map[string]any {
	s.seq++
	var answer map[string]any
	line := fmt.Sprintf(`{"seq":%d,"run":1,%s}`, s.seq, request)
	must(json.Unmarshal(s.h.handle([]byte(line)), &answer))
	if answer["error"] != nil {
		s.t.Fatal(line, answer["error"])
	}
	return answer
}

// step gives one input, and returns its answer.
func (s *session) step(input string) map[string]any {
	return s.ask(`"type":"steps","inputs":[` + input + `]`)["answers"].([]any)[0].(map[string]any)
}

// messages are those that an answer hands out.
func messages(answer map[string]any) (found []map[string]any) {
	outputs, _ := answer["outputs"].([]any)
	for _, each := range outputs {
		if output := each.(map[string]any); output["type"] == "message" {
			found = append(found, output)
		}
	}
	return found
}

func begin(t *testing.T) *session {
	s := &session{t: t, h: &handler{t: t, version: observedVersion, runs: map[int64]*run{}}}
	s.ask(`"type":"start","start":{"nodes":["n1","n2"],"options":` + options + `,"seed":1}`)
	t.Cleanup(func() { s.ask(`"type":"end"`) })
	return s
}

func TestLayout(t *testing.T) {
	must(checkLayout())
}

func TestNewsArrives(t *testing.T) {
	s := begin(t)
	join := `{"type":"operation","node":"%s","at":0,"id":%d,"operation":{"type":"join-network","network":"net1"}}`
	s.step(fmt.Sprintf(join, "n1", 1))
	s.step(fmt.Sprintf(join, "n2", 2))
	s.step(`{"type":"operation","node":"n1","at":0,"id":3,"operation":{"type":"create","network":"net1","key":"a/b","value":"v"}}`)
	clocks := map[string]int64{}
	for range 12 {
		for _, node := range []string{"n1", "n2"} {
			answer := s.step(fmt.Sprintf(`{"type":"advance","node":"%s","at":%d,"until":3000}`, node, clocks[node]))
			clocks[node] = int64(answer["now"].(float64))
			for _, each := range messages(answer) {
				to := each["to"].(string)
				s.step(fmt.Sprintf(`{"type":"deliver","node":"%s","at":%d,"message":%v}`, to, clocks[to], each["id"]))
			}
		}
	}
	inspection := s.ask(`"type":"inspect","node":"n2"`)["inspection"].(map[string]any)
	entries := inspection["entries"].([]any)
	if len(entries) != 1 || entries[0].(map[string]any)["key"] != "a/b" || entries[0].(map[string]any)["status"] != "live" {
		t.Fatal(entries)
	}
	s.step(fmt.Sprintf(`{"type":"peer","node":"n2","at":%d,"name":"n1","address":"n1","status":"down"}`, clocks["n2"]))
	inspection = s.ask(`"type":"inspect","node":"n2"`)["inspection"].(map[string]any)
	if status := inspection["entries"].([]any)[0].(map[string]any)["status"]; status != "suspended" {
		t.Fatal(status)
	}
}

func TestViewsSurvive(t *testing.T) {
	s := begin(t)
	event := `{"type":"network","event":"join","name":"n2","network":"net1","time":1}`
	entry := `{"type":"table","event":"delete","network":"net1","key":"k","owner":"n2","time":2,"value":"v","residual":3000}`
	for _, view := range []string{
		`{"kind":"gossip","events":[` + event + `]}`,
		`{"kind":"table-gossip","network":"net1","events":[` + entry + `]}`,
		`{"kind":"bulk-sync","name":"n2","time":3,"networks":["net1"],"attachments":[` + event + `],"entries":[` + entry + `]}`,
		`{"kind":"push-pull","name":"n2","time":3,"attachments":[` + event + `]}`,
	} {
		made := s.ask(`"type":"encode","from":"n2","to":"n1","view":` + view)["message"].(map[string]any)["view"]
		var asked any
		must(json.Unmarshal([]byte(view), &asked))
		if !reflect.DeepEqual(made, asked) {
			t.Error(view, made)
		}
	}
}
