// Package imports serves files of products that are brought into the catalogue in the background.
package imports
