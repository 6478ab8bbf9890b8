package imageurl

import (
	"crypto/sha256"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"http://h/a.jpg":                          "http://h/a.jpg",
		" \t\r\nhttp://h/a.jpg \n":                "http://h/a.jpg",
		"\ufeff\u00a0http://h/a\u200b\u202c":      "http://h/a",
		"\u3000HTTPS://Host.Example:8443/A\u2028": "HTTPS://Host.Example:8443/A",
		"http://h":                   "http://h",
		"http://h?a/../b":            "http://h?a/../b",
		"http://h/a?b/../c#d/../e":   "http://h/a?b/../c#d/../e",
		"http://h#/../a":             "http://h#/../a",
		"http://h/a b/c%20d/é":       "http://h/a b/c%20d/é",
		"http://h/a/./b":             "http://h/a/b",
		"http://h/a/../b":            "http://h/b",
		"http://h/../../a":           "http://h/a",
		"http://h/a/..":              "http://h/",
		"http://h/a/.":               "http://h/a/",
		"http://h/.":                 "http://h/",
		"http://h/..?x":              "http://h/?x",
		"http://h/a/b/c/./../../g":   "http://h/a/g", // RFC 3986, 5.2.4
		"http://h/a//../b":           "http://h/a/b",
		"http://h//a":                "http://h//a",
		"http://h/a/%2e%2E/b":        "http://h/b",
		"http://h/a/.%2e/b/%2E":      "http://h/b/",
		"http://h/a/.../b/.c/d./..e": "http://h/a/.../b/.c/d./..e",
		"ftp://h/a/../b":             "ftp://h/a/../b",
		"http:/a/../b":               "http:/a/../b",
		" a/../b ":                   "a/../b",
		"":                           "",
	} {
		if got := Clean(s); got != want {
			t.Errorf("%q is stored as %q, want %q", s, got, want)
		}
	}
}

func TestURLFaults(t *testing.T) {
	t.Parallel()
	const invalid = "must be a valid URL, but has "
	for s, want := range map[string]string{
		"http://h/a b?c d#e f": "", "http://h/%C3%A9?%zz&%": "", "http://bücher.example/": "", "http://b%C3%BCcher.example/": "",
		"http://h:1/": "", "http://h:65535": "", "http://h:0080?x": "", "http://[2001:db8::1]:8080/a": "", "http://[fe80::1%25en0]/": "",
		"http://a_b.c-d~e/": "", "http://h/|^`{}\"<>\\": "", "http://h/@:[]": "", "http://h/?@": "",

		"":                 "must not be empty",
		"\u200b \ufeff":    "must not be empty",
		"example.com/a":    "must be an http or https URL",
		"ftp://h/":         "must be an http or https URL",
		"ht\ntp://h/":      "must be an http or https URL",
		"://h/":            "must be an http or https URL",
		"http:":            "must name a host",
		"http:/h/a":        "must name a host",
		"https:h/a":        "must name a host",
		"http://?a":        "must name a host",
		"http://#a":        "must name a host",
		"http://:80/":      "must name a host",
		"http://u@h/":      "must not carry a user name or password",
		"http://@h/":       "must not carry a user name or password",
		"http://u:%zz@h/":  "must not carry a user name or password",
		"http://u:\n@h:0/": "must not carry a user name or password",

		"http://h:0/":             invalid + "a port outside 1 to 65535 at character 10",
		"http://h:65536/":         invalid + "a port outside 1 to 65535 at character 10",
		"http://h:99999999999999": invalid + "a port outside 1 to 65535 at character 10",
		"http://h:/":              invalid + "a colon without a port at character 9",
		"http://h:":               invalid + "a colon without a port at character 9",
		"http://h:-1/":            invalid + "a port that is no number at character 10",
		"http://h:80:80/":         invalid + "a port that is no number at character 10",
		"http://h:http/":          invalid + "a port that is no number at character 10",
		"http://[::1]:0":          invalid + "a port outside 1 to 65535 at character 14",
		"http://[::1]80":          invalid + "something else than a port after its address at character 13",
		"http://::1/":             "must name a host",

		"http://[::1":               invalid + "an IPv6 address without its closing bracket at character 8",
		"http://[]/":                invalid + "an invalid IPv6 address at character 8",
		"http://[1.2.3.4]/":         invalid + "an invalid IPv6 address at character 8",
		"http://[::1%25]/":          invalid + "an invalid IPv6 address at character 8",
		"http://[::1%25a b]/":       invalid + "an invalid IPv6 address at character 8",
		"http://[fe80::1%en0]/":     invalid + "an invalid IPv6 address at character 8",
		"http://exa\u00a0mple.com/": invalid + "a blank in its host at character 11",
		"http://exa\u200bmple.com/": invalid + "a blank in its host at character 11",
		"http://ex\tample.com/":     invalid + "a control character (U+0009) at character 10",
		"http://h\\a":               invalid + `a '\\' in its host at character 9`,
		"http://h|/":                invalid + "a '|' in its host at character 9",
		"http://a[b]/":              invalid + "a '[' in its host at character 9",
		"http://<h>/":               invalid + "a '<' in its host at character 8",
		"http://h%00.example/":      invalid + "an invalid percent escape in its host at character 9",
		"http://h%/":                invalid + "an invalid percent escape in its host at character 9",
		"http://h%2":                invalid + "an invalid percent escape in its host at character 9",

		"http://h/100%.jpg":          invalid + "an invalid percent escape at character 13",
		"http://h/%":                 invalid + "an invalid percent escape at character 10",
		"http://h/%4":                invalid + "an invalid percent escape at character 10",
		"http://h/é/%g0?%zz":         invalid + "an invalid percent escape at character 12",
		"http://h/?%zz#%zz":          invalid + "an invalid percent escape at character 15",
		"http://h/a\nb":              invalid + "a control character (U+000A) at character 11",
		"http://h/?token=\x7fsecret": invalid + "a control character (U+007F) at character 17",
		" \u3000http://h:0/":         invalid + "a port outside 1 to 65535 at character 12", // counted in what was sent

		"http://h/\xff":                              "must be valid UTF-8",
		"http://h/\x00":                              "must not contain a NUL character",
		" http://h/" + strings.Repeat("x", 2040):     "must have at most 2048 bytes, has 2049",
		"  http://h/" + strings.Repeat("x", 2039):    "",
		"http://h/" + strings.Repeat("%zz", 100_000): "must have at most 2048 bytes, has 300009",
	} {
		if got := Fault(s); got != want {
			t.Errorf("%.60q: %q, want %q", s, got, want)
		}
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(nil)
	const url = "vitrine:upload/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := Upload(sum); got != url {
		t.Errorf("the URL is %s, want %s", got, url)
	}
	if got, ok := UploadOf(url); got != sum || !ok || Fault(url) != "" || Clean(" "+url+"\n") != url {
		t.Errorf("%s is not taken for what it is: %x, %t, %q, %q", url, got, ok, Fault(url), Clean(url))
	}
	for _, bad := range []string{
		"vitrine:upload/", "vitrine:upload/e3", strings.ToUpper(url), url + "0", url + "?x", url[:len(url)-1] + "g", url[:len(url)-1] + "B",
		"vitrine:upload", "vitrine:other/" + url[15:], "Vitrine:upload/" + url[15:], "vitrine://upload/" + url[15:],
	} {
		if _, ok := UploadOf(bad); ok || Fault(bad) == "" {
			t.Errorf("%q was taken for an upload: %t, %q", bad, ok, Fault(bad))
		}
	}
}
