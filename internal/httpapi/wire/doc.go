// Package wire holds the JSON types of the API, field for field, for the server
// and its clients. It knows no domain: ids are positive and below 2^53, prices
// are exact decimals with at most 2 decimal places, times are RFC 3339 in UTC,
// with milliseconds at most. Slices are never nil unless absent.
//
// The tags of package huma (doc, example, enum, minimum…) are what the OpenAPI
// description says of a field, and the examples of whole objects are made of those
// of their fields (see openapi.Document.AddExamples); limits of the domain are added
// where its operations are described.
package wire
