package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/ratelimit"
)

// leaseScript takes up to ARGV[1] of a quota of ARGV[2] in the present window of ARGV[3]
// milliseconds by the server's clock. The key holds the number of its window and how much
// of that is taken; one of another window counts for nothing.
const leaseScript = `
local want, quota, length = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = math.floor(now / length)
local left = (window + 1) * length - now
local held, taken = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
local used = tonumber(held) == window and tonumber(taken) or 0
local granted = math.max(math.min(want, quota - used), 0)
if granted > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', window, used + granted), 'PX', left)
end
return {granted, used + granted, window, left}`

var _ ratelimit.Leases = (*Cache)(nil)

var errLease = errors.New("the answer to a lease is not four integers")

// Lease implements ratelimit.Leases. What the server loses is leased again.
func (c *Cache) Lease(ctx context.Context, p ratelimit.Policy, who string, want int64) (lease ratelimit.Lease, err error) {
	err = c.do(ctx, "lease", func(ctx context.Context, client rueidis.Client) error {
		answer, err := c.scripts.lease.Exec(ctx, client, []string{c.cfg.Prefix + "r:" + p.Name + ":" + who}, []string{
			strconv.FormatInt(want, 10), strconv.FormatInt(p.Quota, 10), milliseconds(p.Window),
		}).AsIntSlice()
		if err == nil && len(answer) != 4 {
			err = errLease
		}
		if err != nil {
			return err
		}
		lease = ratelimit.Lease{
			Granted: answer[0], Used: answer[1], Window: answer[2], Left: time.Duration(answer[3]) * time.Millisecond,
		}
		return nil
	})
	return lease, err
}
