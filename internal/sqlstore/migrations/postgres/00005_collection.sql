-- +goose Up
-- A rendition whose files are deleted keeps its row for a while: 0 is live,
-- anything else is the time after which no more of its files will be deleted.
ALTER TABLE renditions ADD COLUMN deleting_until BIGINT NOT NULL DEFAULT 0;
-- Since when no image was seen to refer to it; 0 where one does.
ALTER TABLE renditions ADD COLUMN unused_since BIGINT NOT NULL DEFAULT 0;
CREATE INDEX renditions_deleted ON renditions (deleting_until) WHERE deleting_until > 0;
CREATE INDEX renditions_unused ON renditions (unused_since) WHERE unused_since > 0;

-- Work that one process at a time does now and then.
CREATE TABLE chores (
    name   TEXT   PRIMARY KEY,
    due_at BIGINT NOT NULL,
    place  INT    NOT NULL DEFAULT 0 -- where the next turn begins
);

-- Whose storage it is: see fsck.
CREATE TABLE installation (id TEXT NOT NULL);
INSERT INTO installation (id) VALUES (replace(gen_random_uuid()::TEXT, '-', ''));

-- +goose Down
DROP TABLE installation;
DROP TABLE chores;
DROP INDEX renditions_unused;
DROP INDEX renditions_deleted;
ALTER TABLE renditions DROP COLUMN unused_since;
ALTER TABLE renditions DROP COLUMN deleting_until;
