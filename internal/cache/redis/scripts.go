package redis

import (
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/cache"
)

// The scripts compare and write in one step. Lua counts in doubles, which hold
// every version (below 2^53) exactly.
const (
	// putScript writes an entry (1), unless a newer one is there or its fence
	// (2) is at a newer version. Values that are none count as version 0.
	putScript = `
local version = tonumber(ARGV[1])
local fence = tonumber(redis.call('GET', KEYS[2]) or '') or 0
local held = tonumber(redis.call('GETRANGE', KEYS[1], 0, 15)) or 0
if fence > version or held > version then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

	// invalidateScript raises the fence (2) and drops an entry (1) below it.
	invalidateScript = `
local version = tonumber(ARGV[1])
local fence = tonumber(redis.call('GET', KEYS[2]) or '') or 0
if fence < version then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) end
local held = redis.call('GETRANGE', KEYS[1], 0, 15)
if held ~= '' and (tonumber(held) or 0) < version then redis.call('DEL', KEYS[1]) end
return 1`

	// generationScript returns the group's generation (1), or starts one above
	// the floor where there is none, an older one, or a new one is wanted: one that began
	// the microseconds after the one there is. It
	// counts in microseconds of the server's clock where that goes on, so that
	// one which was lost is not used again. Beside it comes after how many a new one may begin.
	generationScript = `
local floor = tonumber(ARGV[1])
local held = tonumber(redis.call('GET', KEYS[1]) or '') or 0
if held < 1 or held >= 2^53 then held = 0 end
local known, apart = held >= math.max(floor, 1), tonumber(ARGV[3])
if known and not apart then return {held, 0} end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if known and held <= now and now - held < apart then return {held, held + apart - now} end
local next = math.max(held + 1, floor + 1, now)
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', ARGV[2])
return {next, 0}`
)

type scripts struct{ put, invalidate, generation, lease *rueidis.Lua }

func newScripts() scripts {
	return scripts{
		put:        rueidis.NewLuaScript(putScript),
		invalidate: rueidis.NewLuaScript(invalidateScript),
		generation: rueidis.NewLuaScript(generationScript),
		lease:      rueidis.NewLuaScript(leaseScript),
	}
}

// A value is the entry's version in digits, a fixed number of them, and the
// entry's body.
const versionDigits = 16

func encode(e cache.Entry) []byte {
	b := make([]byte, 0, versionDigits+len(e.Body))
	return append(fmt.Appendf(b, "%0*d", versionDigits, e.Version), e.Body...)
}

// decode reads an entry. A value that we did not write is none; the next Put
// replaces it.
func decode(raw []byte) (e cache.Entry, ok bool) {
	if len(raw) < versionDigits {
		return cache.Entry{}, false
	}
	version, err := strconv.ParseUint(string(raw[:versionDigits]), 10, 63) // which takes no sign
	if err != nil || version < 1 {
		return cache.Entry{}, false
	}
	return cache.Entry{Version: int64(version), Body: raw[versionDigits:]}, true
}
