// Package interop holds the API and its description against public tools that need npm
// or PyPI: linters, a typed client in TypeScript, and a fuzzer. `make interop` installs
// them into .tools and runs it. Everything in it is test code.
package interop
