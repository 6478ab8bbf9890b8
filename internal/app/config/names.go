package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// knownNames lists the variables that mean something here, sorted.
func knownNames() []string {
	names := []string{"PORT"}
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	for _, form := range urlForms() {
		names = append(names, form.name)
	}
	slices.Sort(names)
	return names
}

// ownPrefixes begin names that only we use: an unknown one is misspelt, or of
// another version.
func ownPrefixes() []string {
	return []string{
		"DB_", "DATABASE_", "REDIS_", "QUEUE_", "AMQP_", "AWS_S3_", "JOB_", "IMAGE_", "FETCH_", "ORPHAN_", "DRAIN_",
		"IDEMPOTENCY_", "CACHE_", "LIBVIPS_", "AUTH", "ADMIN_", "ALLOWED_", "TRUSTED_", "RATE_LIMIT_", "WEBHOOK_", "VITRINE_API",
	}
}

// foreignNames are what other programs and platforms call our variables.
func foreignNames() map[string]string {
	return map[string]string{
		"POSTGRES_URL": "DATABASE_URL", "POSTGRESQL_URL": "DATABASE_URL",
		"RABBITMQ_URL": "AMQP_URL", "CLOUDAMQP_URL": "AMQP_URL", "QUEUE_URL": "AMQP_URL",
		"S3_BUCKET": "AWS_S3_BUCKET", "AWS_BUCKET": "AWS_S3_BUCKET", "AWS_BUCKET_NAME": "AWS_S3_BUCKET",
		"AWS_S3_REGION": "AWS_REGION", "AWS_S3_ENDPOINT": "AWS_ENDPOINT_URL_S3",
		"REDIS_TLS_URL": "REDIS_URL", "DB_URL": "DATABASE_URL", "DB_DATABASE": "DB_NAME", "REDIS_DATABASE": "REDIS_DB",
	}
}

// checkReplaced refuses a variable whose one meaning has become two.
func (e *environment) checkReplaced() {
	if _, given := e.values["WORKER_CONCURRENCY"]; given {
		e.problem("WORKER_CONCURRENCY is not a setting: set WORKER_DOWNLOADS (downloads at once in a worker, 64 by default) " +
			"and WORKER_RENDERS (pictures rendered at once, one per core by default)")
	}
}

// reportUnknown warns of variables that look like ours and mean nothing: the
// setting that was meant would silently be at its default. Their values are not
// logged.
func (e *environment) reportUnknown() {
	known, foreign := knownNames(), foreignNames()
	for _, name := range slices.Sorted(maps.Keys(e.values)) {
		base := strings.TrimSuffix(name, "_FILE")
		if name == "WORKER_CONCURRENCY" || slices.Contains(known, name) || slices.Contains(known, base) || isLink(name, e.values[name]) || isInternal(name) {
			continue
		}
		own := slices.ContainsFunc(ownPrefixes(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		meant := foreign[name]
		if meant == "" {
			meant = nearest(base, known, own)
		}
		switch {
		case meant != "":
			e.warn("variable ignored: its name is not known", "variable", name, "did_you_mean", meant)
		case own:
			e.warn("variable ignored: its name is not known", "variable", name)
		}
	}
}

// isInternal reports what our tests and render processes use, and AWS's own
// names for its other services, which are as near to ours as misspelt ones.
func isInternal(name string) bool {
	return strings.HasPrefix(name, "VITRINE_") && !strings.HasPrefix(name, "VITRINE_API") || strings.HasPrefix(name, "AWS_ENDPOINT_URL_")
}

// nearest returns the known name that was probably meant, or "". A name that
// begins like ours may differ in more letters than any other.
func nearest(name string, known []string, own bool) string {
	best, least := "", len(name)/6+1
	switch {
	case own:
		least = len(name)/4 + 1
	case strings.HasPrefix(name, openTelemetry): // of which there are many that are much alike
		least = 3
	}
	for _, candidate := range known {
		if candidate == "PORT" { // too short: near to many words
			continue
		}
		if own && (strings.HasPrefix(candidate, name) || strings.HasPrefix(name, candidate)) {
			return candidate
		}
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour: the optimal string alignment distance of Damerau and
// Levenshtein.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
