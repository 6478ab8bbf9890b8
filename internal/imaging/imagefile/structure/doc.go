// Package structure has what the packages of the formats have in common: the
// facts that are read, animations, limits of parts, and edits.
package structure
