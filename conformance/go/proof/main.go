// proof checks what an archive's log says with Go's own packages, which know nothing of us:
// golang.org/x/mod/sumdb/note for signed notes, and golang.org/x/mod/sumdb/tlog for trees.
//
//	proof inclusion VKEY PROOF ENTRY     a C2SP tlog-proof, for the bytes of an entry
//	proof consistency VKEY OLD NEW PATH  that one checkpoint goes on from another; PATH has a hash on each line
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func run(arguments []string) error {
	if len(arguments) < 4 {
		return errors.New("usage: proof inclusion|consistency VKEY FILE...")
	}
	files := make([][]byte, 0, len(arguments)-1)
	for _, name := range arguments[1:] {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, content)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(files[0])))
	if err != nil {
		return err
	}
	if arguments[0] == "inclusion" {
		return checkInclusion(verifier, files[1], files[2])
	}
	return checkConsistency(verifier, files[1], files[2], files[3])
}

func checkInclusion(verifier note.Verifier, proof, entry []byte) error {
	head, checkpoint, found := bytes.Cut(proof, []byte("\n\n"))
	if !found {
		return errors.New("the proof has no checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is no proof")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := readHashes(lines[1:])
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(verifier, checkpoint)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(tlog.RecordProof(path), tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func checkConsistency(verifier note.Verifier, older, newer, lines []byte) error {
	before, err := openCheckpoint(verifier, older)
	if err != nil {
		return err
	}
	after, err := openCheckpoint(verifier, newer)
	if err != nil {
		return err
	}
	path, err := readHashes(strings.Fields(string(lines)))
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(path), after.N, after.Hash, before.N, before.Hash)
}

func openCheckpoint(verifier note.Verifier, content []byte) (tlog.Tree, error) {
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the checkpoint is of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func readHashes(lines []string) ([]tlog.Hash, error) {
	path := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", line)
		}
		path = append(path, tlog.Hash(raw))
	}
	return path, nil
}
