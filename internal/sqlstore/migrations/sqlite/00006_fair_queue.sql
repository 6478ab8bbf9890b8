-- +goose Up
-- Whose work the message is, and its place in the line of all who wait
-- (start-time fair queueing, see line.go): NULL until it is due.
ALTER TABLE outbox ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN place BIGINT DEFAULT 0;
CREATE INDEX outbox_line ON outbox (topic, place, due_at, id);
CREATE INDEX outbox_line_of_user ON outbox (topic, user_id, place);

-- +goose Down
DROP INDEX outbox_line_of_user;
DROP INDEX outbox_line;
ALTER TABLE outbox DROP COLUMN place;
ALTER TABLE outbox DROP COLUMN user_id;
