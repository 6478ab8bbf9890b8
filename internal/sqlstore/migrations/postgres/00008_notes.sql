-- +goose Up
-- How what is published differs from what the source shows: a JSON list of the
-- codes in internal/catalog/note.go. Renditions from before have none.
ALTER TABLE renditions ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE renditions DROP COLUMN notes;
