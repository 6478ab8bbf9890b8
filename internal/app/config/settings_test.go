package config

import (
	"strings"
	"testing"
)

func TestSettingsTellOriginsAndNoSecret(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(map[string]string{
		"DATABASE_URL": "postgres://shop:hunter2@db.example:5433/goods?sslmode=disable", "SECRET_KEY": strings.Repeat("hunter2", 6),
		"JOB_LEASE": "90s", "TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8", "RATE_LIMIT_PER_KEY": "60",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Setting{}
	for _, s := range cfg.Settings() {
		if strings.Contains(s.Value, "hunter2") || strings.Contains(s.Origin, "hunter2") {
			t.Errorf("%s tells a secret", s.Name)
		}
		got[s.Name] = s
	}
	for name, want := range map[string]Setting{
		"DB_HOST":            {Value: "db.example", Origin: "DATABASE_URL"},
		"DB_PASSWORD":        {Secret: true, Origin: "DATABASE_URL"},
		"SECRET_KEY":         {Secret: true, Origin: "SECRET_KEY"},
		"JOB_LEASE":          {Value: "1m30s", Origin: "JOB_LEASE"},
		"TRUSTED_PROXIES":    {Value: "10.0.0.0/8,fd00::/8", Origin: "TRUSTED_PROXIES"},
		"RATE_LIMIT_PER_KEY": {Value: "60", Origin: "RATE_LIMIT_PER_KEY"},
		"HTTP_ADDR":          {Value: "127.0.0.1:8080"},
		"REDIS_PASSWORD":     {},
	} {
		want.Name = name
		if got[name] != want {
			t.Errorf("%s is %+v, want %+v", name, got[name], want)
		}
	}
	if len(got) < 60 {
		t.Errorf("only %d settings", len(got))
	}
}
