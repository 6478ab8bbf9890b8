// Package importsql keeps imports, what became of their rows, and where their images are.
package importsql
