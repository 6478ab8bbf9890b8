-- +goose Up
-- These hold while the image is failed.
ALTER TABLE images ADD COLUMN failed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN failed_user BIGINT NOT NULL DEFAULT 0;  -- the product's
ALTER TABLE images ADD COLUMN discarded_at BIGINT NOT NULL DEFAULT 0; -- not 0: off the list of dead letters
DROP INDEX images_failed;
CREATE INDEX images_dead ON images (failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_reason ON images (reason, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_host ON images (source_host, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_user ON images (failed_user, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;

-- Messages of the broker that nobody could read.
CREATE TABLE dead_messages (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    digest       TEXT   NOT NULL, -- of message_id and the whole body
    message_id   TEXT   NOT NULL,
    body         BLOB   NOT NULL, -- its beginning
    bytes        BIGINT NOT NULL, -- length of the whole
    received_at  BIGINT NOT NULL,
    discarded_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX dead_messages_once ON dead_messages (digest) WHERE discarded_at = 0;
CREATE INDEX dead_messages_by_time ON dead_messages (received_at, id) WHERE discarded_at = 0;
CREATE INDEX dead_messages_discarded ON dead_messages (discarded_at) WHERE discarded_at > 0;

CREATE TABLE dead_jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    action      TEXT   NOT NULL CHECK (action IN ('replay', 'discard')),
    filter      TEXT   NOT NULL, -- JSON
    rate        BIGINT NOT NULL,
    total       BIGINT NOT NULL,
    done        BIGINT NOT NULL DEFAULT 0,
    state       TEXT   NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'aborted')),
    request_id  TEXT   NOT NULL,
    as_of       BIGINT NOT NULL,
    past_at     BIGINT NOT NULL DEFAULT -1, -- the letter that was settled last: time,
    past_id     TEXT   NOT NULL DEFAULT '', -- and id
    holder      TEXT   NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX dead_jobs_running ON dead_jobs (id) WHERE state = 'running';

-- +goose Down
DROP TABLE dead_jobs;
DROP TABLE dead_messages;
DROP INDEX images_dead_by_user;
DROP INDEX images_dead_by_host;
DROP INDEX images_dead_by_reason;
DROP INDEX images_dead;
CREATE INDEX images_failed ON images (id DESC) WHERE status = 'failed';
ALTER TABLE images DROP COLUMN discarded_at;
ALTER TABLE images DROP COLUMN failed_user;
ALTER TABLE images DROP COLUMN failed_at;
