// Package queuesql reads what images wait for: dispatch.InspectorStore. It looks
// at no more rows than it says, in the order of an index, however many wait.
package queuesql
