// Publish one walk and print how it ended: go run .
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	servers = setting("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
	prefix  = setting("WALK_TOPIC_PREFIX", "l1.walk")
)

type object map[string]any

var walk = []struct {
	verb string
	data object
}{
	{"start", object{
		"ticket":       object{"id": "T20260131.0042", "kind": "psa"},
		"session_kind": "ai_build", "start_node_id": "link-light",
	}},
	{"step", object{"node_id": "link-light", "question": "Is the link light on?", "answer": "no"}},
	{"resolve", object{"resolution_notes": "Plugged the cable back in – it works.", "helpful": true}},
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func command(session, verb string, data object) (*kgo.Record, error) {
	data["account_id"] = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	data["user_id"] = "550e8400-e29b-41d4-a716-446655440000"
	value, err := json.Marshal(object{
		"specversion": "1.0", "id": uuid(), "source": "/examples/go",
		"type": "l1.walk." + verb + ".v1", "subject": session, "time": time.Now().UTC(),
		"datacontenttype": "application/json", "data": data,
	})
	header := kgo.RecordHeader{Key: "content-type", Value: []byte("application/cloudevents+json")}
	return &kgo.Record{
		Topic: prefix + ".commands", Key: []byte(session), Value: value, Headers: []kgo.RecordHeader{header},
	}, err
}

func publish(client *kgo.Client, session string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, act := range walk {
		record, err := command(session, act.verb, act.data)
		if err != nil {
			return err
		}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return err
		}
	}
	return nil
}

type event struct {
	Type, Subject string
	Data          struct {
		Ticket      struct{ ID string }
		Summary     string
		CommandType string `json:"command_type"`
		Reason      string
		Errors      []struct{ Field, Message string }
	}
}

func ending(client *kgo.Client, session string, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err0(); err != nil {
			return "", err
		}
		for _, record := range fetched.Records() {
			var got event
			if err := json.Unmarshal(record.Value, &got); err != nil || got.Subject != session {
				continue
			}
			if got.Type == "l1.walk.resolved.v1" {
				return fmt.Sprintf("resolved: %s, walk %s\n%s", got.Data.Ticket.ID, session, got.Data.Summary), nil
			}
			return "", fmt.Errorf("rejected: %s: %s: %v", got.Data.CommandType, got.Data.Reason, got.Data.Errors)
		}
	}
}

func run() error {
	seconds, err := strconv.Atoi(setting("WAIT_SECONDS", "30"))
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(servers, ",")...),
		kgo.ConsumeTopics(prefix+".resolved", prefix+".rejected"),
		kgo.ConsumeStartOffset(kgo.NewOffset().AfterMilli(time.Now().Add(-time.Minute).UnixMilli())),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	session := uuid()
	if err := publish(client, session); err != nil {
		return fmt.Errorf("Kafka at %s: %w", servers, err)
	}
	said, err := ending(client, session, time.Duration(seconds)*time.Second)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("nothing came within %d seconds: does a worker run?", seconds)
	}
	if err == nil {
		fmt.Println(said)
	}
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
