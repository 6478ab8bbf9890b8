// Package fscksql keeps what fsck compares and repairs.
package fscksql
