-- +goose Up
-- The host of source_url, lower case, with the port where it is not the
-- scheme's own; '' in rows older than the column.
ALTER TABLE images ADD COLUMN source_host TEXT NOT NULL DEFAULT '';
-- When the image was created or last replayed: its age starts here. 0 is
-- unknown, and never too old.
ALTER TABLE images ADD COLUMN accepted_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE images DROP COLUMN accepted_at;
ALTER TABLE images DROP COLUMN source_host;
