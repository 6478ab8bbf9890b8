package config

import (
	"strings"
	"testing"
	"time"
)

// FuzzConfig sets one variable to anything: it is refused by name without its
// value, or what is read is within the limits.
func FuzzConfig(f *testing.F) {
	names := knownNames()
	for _, name := range knownNames() {
		names = append(names, name+"_FILE")
	}
	for i, value := range []string{
		"", "x", "-1", "0", "65536", "1e9", "9999999999h", "true", "http://u:p@h/", "ftp://x", "[::1]:80", "a@b", "//", "\x00", "24h", "5", "::",
		"postgres://u:p@h/d?sslmode=require", "rediss://:p@h:1/2", "amqps://u:p@h/%2f", "tcp://10.0.0.1:6379", "/dev/null",
	} {
		for at := range names {
			if testing.Short() && (at+i)%7 > 0 {
				continue // each name has some of the values
			}
			f.Add(uint8(at), value)
		}
	}
	f.Fuzz(func(t *testing.T, at uint8, value string) {
		name := names[int(at)%len(names)]
		cfg, err := Parse(map[string]string{name: value})
		if err != nil {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: the error does not name it: %v", name, value, err)
			}
		}
		if _, revealing := Parse(map[string]string{name: value + "hunter2"}); revealing != nil && strings.Contains(revealing.Error(), "hunter2") {
			t.Errorf("%s=%q: the error reveals the value: %v", name, value, revealing)
		}
		if err != nil {
			return
		}
		if cfg.WorkerDownloads < 1 || cfg.WorkerDownloads > 1000 || cfg.MaxAttempts < 1 || cfg.JobLease < time.Second ||
			cfg.IdempotencyTTL < time.Minute || cfg.CacheLease < time.Second || cfg.ImageMaxPixels < 1 || cfg.LocalURL() == "" {
			t.Errorf("%s=%q is read as %+v", name, value, cfg)
		}
	})
}
