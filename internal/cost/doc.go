// Package cost measures what the writes of the program cost its servers: CPU of
// PostgreSQL and of the API for each create, row versions over the life of an
// image, and buffers touched with few and with millions of images waiting. `make
// cost` runs it, on private servers, what is compared by turns in one run.
// Everything in it is test code.
package cost
