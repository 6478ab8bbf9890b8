package app

import (
	"testing"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/testurls"
)

// TestTestURLsAreOff: without TEST_URLS the reserved host is one like any other.
func TestTestURLsAreOff(t *testing.T) {
	t.Parallel()
	for variable, on := range map[string]bool{"": false, "false": false, "true": true} {
		cfg, err := config.Parse(map[string]string{"TEST_URLS": variable})
		if err != nil {
			t.Fatal(err)
		}
		var held closers
		switch fetcher := newFetcher(cfg, &held).(type) {
		case *fetch.Fetcher:
			if on {
				t.Errorf("TEST_URLS=%s: all is fetched", variable)
			}
		case testurls.Fetcher:
			if _, fetches := fetcher.Others.(*fetch.Fetcher); !on || !fetches || fetcher.Timeout != cfg.FetchTimeout {
				t.Errorf("TEST_URLS=%s: %+v", variable, fetcher)
			}
		default:
			t.Errorf("TEST_URLS=%s: %T", variable, fetcher)
		}
	}
}
