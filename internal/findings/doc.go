// Package findings says what is wrong with the installation, in sentences for people:
// those first that concern most pictures. Each finding has a stable code, since when it
// holds, and what can be done about it, so that the API, the commands and the console
// say the same.
//
// Judge is a pure function of Facts; a Service reads these within a second, as far as
// they can be read.
package findings
