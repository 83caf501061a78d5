// Stores documents by the bulk indexer of go-elasticsearch: the official helper of another language, for comparison.
//
// Usage: indexer <url> <index> <file> <bytes per bulk> <workers>
//
// The file holds bulk lines: an action with an _id, then its document.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

type document struct {
	id   string
	body []byte
}

func main() {
	if len(os.Args) != 6 {
		log.Fatalf("got %d arguments, wanted 5: url, index, file, bytes per bulk, workers", len(os.Args)-1)
	}
	documents := readDocuments(os.Args[3])
	client, err := elasticsearch.NewClient(elasticsearch.Config{Addresses: []string{os.Args[1]}})
	exitOn(err)
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client:     client,
		Index:      os.Args[2],
		FlushBytes: number(os.Args[4]),
		NumWorkers: number(os.Args[5]),
		OnError:    func(_ context.Context, err error) { exitOn(err) },
	})
	exitOn(err)
	var failed atomic.Int64
	for _, one := range documents {
		exitOn(indexer.Add(context.Background(), esutil.BulkIndexerItem{
			Action:     "create",
			DocumentID: one.id,
			Body:       bytes.NewReader(one.body),
			OnFailure: func(_ context.Context, _ esutil.BulkIndexerItem, _ esutil.BulkIndexerResponseItem, _ error) {
				failed.Add(1)
			},
		}))
	}
	exitOn(indexer.Close(context.Background()))
	if failed.Load() > 0 {
		log.Fatalf("%d of %d documents were refused", failed.Load(), len(documents))
	}
}

func readDocuments(path string) []document {
	file, err := os.Open(path)
	exitOn(err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	var documents []document
	for lines.Scan() {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		exitOn(json.Unmarshal(lines.Bytes(), &action))
		if !lines.Scan() {
			log.Fatalf("%s ends with an action that has no document", path)
		}
		documents = append(documents, document{action.Create.ID, bytes.Clone(lines.Bytes())})
	}
	exitOn(lines.Err())
	return documents
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	exitOn(err)
	return value
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
