package redis

import (
	"errors"
	"fmt"
	"strconv"

	"vitrine.dev/internal/cache"
)

// A value is the version in 16 digits, E for an entry or F for a fence, and
// the entry's body.
const (
	versionDigits = 16
	headerBytes   = versionDigits + 1
	entryMark     = 'E'
	fenceMark     = 'F'
)

func encode(e cache.Entry) []byte {
	return append(fmt.Appendf(make([]byte, 0, headerBytes+len(e.Body)), "%016d%c", e.Version, entryMark), e.Body...)
}

func fence(version int64) []byte { return fmt.Appendf(nil, "%016d%c", version, fenceMark) }

// decode reads an entry; a fence is not one.
func decode(raw []byte) (e cache.Entry, found bool, err error) {
	if len(raw) < headerBytes {
		return cache.Entry{}, false, errors.New("a value without header")
	}
	if raw[versionDigits] == fenceMark {
		return cache.Entry{}, false, nil
	}
	version, err := strconv.ParseInt(string(raw[:versionDigits]), 10, 64)
	if err != nil || raw[versionDigits] != entryMark {
		return cache.Entry{}, false, errors.New("a value with a foreign header")
	}
	return cache.Entry{Version: version, Body: raw[headerBytes:]}, true, nil
}

// The scripts compare and write in one step. Lua counts in doubles, which hold
// every version (below 2^53) exactly.
const (
	// putScript writes an entry unless a newer version, entry or fence, is there.
	putScript = `
local held = redis.call('GETRANGE', KEYS[1], 0, 15)
if held ~= '' and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`
	// invalidateScript leaves a fence unless that version or a newer one is there.
	invalidateScript = `
local held = redis.call('GETRANGE', KEYS[1], 0, 15)
if held ~= '' and tonumber(held) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`
)
