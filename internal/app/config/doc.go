// Package config reads all that can be set from the environment and .env, the
// only place that does. Each form in which a setting may be given (a plain
// variable, a file, a URL) becomes one value, checked once; all problems are
// reported together, by the name of the variable and without its value.
package config
