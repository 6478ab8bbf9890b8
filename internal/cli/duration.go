package cli

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

const (
	day = 24 * time.Hour
	// maxDays is the longest time.Duration.
	maxDays = float64((1<<63 - 1) / day)
)

// durations has every flag that is a duration read by parseDuration.
func durations() kong.Option {
	return kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(func(c *kong.DecodeContext, to reflect.Value) error {
		var text string
		if err := c.Scan.PopValueInto("duration", &text); err != nil {
			return err
		}
		d, err := parseDuration(text)
		to.SetInt(int64(d))
		return err
	}))
}

// parseDuration reads a duration as time.ParseDuration does, or a number of days, each of 24
// hours, such as 31d.
func parseDuration(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.ParseFloat(number, 64); err == nil && days >= -maxDays && days <= maxDays {
			return time.Duration(days * float64(day)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: it must be a number of days such as 31d, or in the units h, m, s and ms, such as 36h or 1h30m", text)
	}
	return d, nil
}
