// Package transfer copies the published files of an installation into another
// storage, for `vitrine copy`, which moves an installation to other servers.
package transfer
