-- +goose Up
-- How many of an image's attempts ended with the loss of their worker, which
-- says nothing of the picture (media.Policy).
ALTER TABLE images ADD COLUMN lost_attempts INT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE images DROP COLUMN lost_attempts;
