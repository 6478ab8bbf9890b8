package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// Limits on metadata, those of Stripe.
const (
	MaxMetadataPairs      = 50
	MaxMetadataKeyRunes   = 40
	MaxMetadataValueRunes = 500
	// MaxMetadataPatchPairs is enough to remove all pairs and to give as many.
	MaxMetadataPatchPairs = 2 * MaxMetadataPairs
)

// Metadata is what a client keeps with a product for itself: pairs of key and
// value, which mean nothing here.
type Metadata map[string]string

// Encode returns the pairs as JSON, sorted by key; "" for none. Pages of a list
// count its bytes.
func (m Metadata) Encode() string {
	if len(m) == 0 {
		return ""
	}
	encoded, _ := json.Marshal(m) //nolint:errchkjson // a map of strings always encodes
	return string(encoded)
}

// DecodeMetadata reads what Encode wrote; "" is none, and nil.
func DecodeMetadata(encoded string) (m Metadata, err error) {
	if encoded == "" {
		return nil, nil
	}
	if err = json.Unmarshal([]byte(encoded), &m); err != nil {
		return nil, fmt.Errorf("decode metadata: %w", err)
	}
	return m, nil
}

// MetadataPatch is a merge patch (RFC 7396) of metadata: nil for a value removes
// the pair, a nil map removes all.
type MetadataPatch map[string]*string

func (p MetadataPatch) apply(old Metadata) Metadata {
	if p == nil {
		return nil
	}
	merged := maps.Clone(old)
	if merged == nil {
		merged = make(Metadata, len(p))
	}
	for key, value := range p {
		if value == nil {
			delete(merged, key)
		} else {
			merged[key] = *value
		}
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}

// given are the pairs that the patch gives: those that it removes break no rule.
func (p MetadataPatch) given() Metadata {
	pairs := make(Metadata, len(p))
	for key, value := range p {
		if value != nil {
			pairs[key] = *value
		}
	}
	return pairs
}

func (c *checker) checkMetadata(m Metadata) {
	if n := len(m); n > MaxMetadataPairs {
		c.Add(FieldMetadata, fmt.Sprintf("must have at most %d pairs, has %d", MaxMetadataPairs, n))
		return
	}
	var inner fault.FieldErrors
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if reason := text.NameFault(key, MaxMetadataKeyRunes); reason != "" {
			inner.AddAt(fault.Member(key), key, "has a key that "+reason)
		}
		inner.AddAt(fault.Member(key), key, text.Fault(m[key], MaxMetadataValueRunes))
	}
	c.AddAll(FieldMetadata+".", inner)
}
