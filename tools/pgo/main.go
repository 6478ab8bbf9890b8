// Pgo merges profiles of CPU into one for the compiler: functions, lines and how often each was seen. The files of the
// machine that took them are left out.
//
//	pgo merged profile...
package main

import (
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "pgo: merged profile...")
		os.Exit(2)
	}
	if err := merge(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "pgo:", err)
		os.Exit(1)
	}
}

func merge(to string, from []string) error {
	var profiles []*profile.Profile
	for _, name := range from {
		p, err := read(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		profiles = append(profiles, p)
	}
	merged, err := profile.Merge(profiles)
	if err != nil {
		return err
	}
	for _, m := range merged.Mapping {
		m.File, m.BuildID = "", ""
	}
	for _, f := range merged.Function {
		f.Filename = ""
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := merged.Write(file); err != nil {
		return err
	}
	return file.Close()
}

func read(name string) (*profile.Profile, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return profile.Parse(file)
}
