// Package testurls answers reserved URLs of images without the network, for those who test
// a program that uses the API: one URL for each way in which an attempt at an image can end.
// All else is as with any other URL: limits of hosts, retries, rendering, storage.
package testurls
