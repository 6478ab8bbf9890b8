package s3_test

import (
	"strings"
	"testing"

	"vitrine.dev/internal/blob/s3"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  s3.Config
		want string
	}{
		"Amazon":            {s3.Config{Bucket: "pics"}, "https://pics.s3.us-east-1.amazonaws.com/a/b.webp"},
		"another region":    {s3.Config{Bucket: "pics", Region: "eu-west-3"}, "https://pics.s3.eu-west-3.amazonaws.com/a/b.webp"},
		"China":             {s3.Config{Bucket: "pics", Region: "cn-north-1"}, "https://pics.s3.cn-north-1.amazonaws.com.cn/a/b.webp"},
		"a bucket with dot": {s3.Config{Bucket: "my.pics"}, "https://s3.us-east-1.amazonaws.com/my.pics/a/b.webp"},
		"own server":        {s3.Config{Bucket: "pics", Endpoint: "http://s3.local:7070/"}, "http://s3.local:7070/pics/a/b.webp"},
		"own, virtual host": {
			s3.Config{Bucket: "pics", Endpoint: "https://s3.local", VirtualHost: true}, "https://pics.s3.local/a/b.webp",
		},
		"public base": {
			s3.Config{Bucket: "pics", Endpoint: "http://s3.local", PublicBaseURL: "https://cdn.example/x/"}, "https://cdn.example/x/a/b.webp",
		},
	} {
		if got := open(t, c.cfg).URL("a/b.webp"); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestValidateReportsEverything(t *testing.T) {
	t.Parallel()
	err := s3.Config{
		AccessKeyID: "only half", Endpoint: "s3.local", PublicBaseURL: "ftp://x", Timeout: -1, MaxAttempts: -1, PageSize: 2000,
	}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"bucket", "secret", "endpoint", "public base", "timeouts", "attempts", "page size"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
	if err := (s3.Config{Bucket: "pics"}).Validate(); err != nil {
		t.Error(err)
	}
}
