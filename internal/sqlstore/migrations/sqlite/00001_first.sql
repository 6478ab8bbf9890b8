-- +goose Up
-- +goose StatementBegin
-- One block: else goose looks in each line for the end of a statement, which takes milliseconds.
-- The first version: until one is released, it is edited in place, and a database
-- that another text of it has made is refused, by the digest of the text. All
-- times are milliseconds since 1970, by the database's clock.
CREATE TABLE schema_digest (digest TEXT NOT NULL);
INSERT INTO schema_digest (digest) VALUES ('{digest}');

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL,
    email      TEXT   NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    erasing_at BIGINT NOT NULL DEFAULT 0 -- since when a job erases it with all that it owns; 0: none does
);
INSERT INTO users (name, created_at) VALUES ('First user', CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- What requests prove their user with. The text of a key is not kept.
CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      BIGINT NOT NULL CONSTRAINT api_keys_user_fk REFERENCES users (id),
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL, -- the beginning of its text
    digest       BLOB   NOT NULL, -- SHA-256 of its text
    scopes       TEXT   NOT NULL, -- separated by blanks
    created_at   BIGINT NOT NULL,
    life         BIGINT NOT NULL, -- in milliseconds, that it was made for; 0: it does not expire by itself
    expires_at   BIGINT NOT NULL DEFAULT 0, -- 0: never; earlier than by its life once it was replaced
    revoked_at   BIGINT NOT NULL DEFAULT 0, -- 0: it is not
    last_used_at BIGINT NOT NULL DEFAULT 0  -- to the minute
);
CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (digest);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- Who is signed in to the console, each by a key. The text of a token is not kept.
CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY NOT NULL, -- SHA-256 of its token
    key_id     BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_key ON sessions (key_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- What the program signs with: see package signing.
CREATE TABLE signing_keys (
    generation INTEGER PRIMARY KEY, -- from 1; the highest signs
    secret     BLOB    NOT NULL,
    created_at BIGINT  NOT NULL,
    ends_at    BIGINT  NOT NULL DEFAULT 0 -- until when it verifies, once it was replaced; 0: it signs
);

-- Who did what, of what is not done to products. Rows refer to nothing: they outlive
-- what they are about.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         BIGINT NOT NULL,
    user_id    BIGINT NOT NULL, -- of the key; 0: with the database at hand, or authentication is off
    key_prefix TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    outcome    TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     BIGINT NOT NULL CONSTRAINT products_user_fk REFERENCES users (id),
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL, -- find.Fold(name), for searching and sorting
    description TEXT   NOT NULL,
    price       BIGINT NOT NULL CHECK (price >= 0), -- hundredths
    version     BIGINT NOT NULL, -- from 1; grows with every edit
    revision    BIGINT NOT NULL, -- from 1; grows with every change that the product shows, edit or progress of an image
    external_id TEXT,            -- the client's own; NULL for none
    metadata    TEXT,            -- JSON: catalog.Metadata; NULL for none
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL, -- the last edit
    revised_at  BIGINT NOT NULL, -- when the revision grew last
    -- What its images are at this revision: imagesql.Revised.
    images_pending INT NOT NULL DEFAULT 0,
    images_ready   INT NOT NULL DEFAULT 0,
    images_failed  INT NOT NULL DEFAULT 0,
    cover_key      TEXT -- the rendition of the first that is ready; NULL where none is
);
CREATE INDEX products_by_user ON products (user_id, id DESC);
CREATE UNIQUE INDEX products_by_external_id ON products (user_id, external_id) WHERE external_id IS NOT NULL;
-- The orders of lists, and of their filters: find.Sort, catalogsql. Each ends with the
-- rowid by itself, and a comparison of (key, id) finds it only so.
CREATE INDEX products_by_price ON products (user_id, price);
CREATE INDEX products_by_updated ON products (user_id, updated_at);
CREATE INDEX products_by_name ON products (user_id, name_folded);
CREATE INDEX products_pending ON products (user_id, id DESC) WHERE images_pending > 0;
CREATE INDEX products_ready ON products (user_id, id DESC) WHERE images_ready > 0;
CREATE INDEX products_failed ON products (user_id, id DESC) WHERE images_failed > 0;
CREATE INDEX products_failed_of_all ON products (id) WHERE images_failed > 0;
-- The trigrams of the names: it keeps no text of its own.
CREATE VIRTUAL TABLE products_by_part USING fts5 (
    name_folded, content = 'products', content_rowid = 'id', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER products_by_part_added AFTER INSERT ON products BEGIN
    INSERT INTO products_by_part (rowid, name_folded) VALUES (new.id, new.name_folded);
END;
CREATE TRIGGER products_by_part_removed AFTER DELETE ON products BEGIN
    INSERT INTO products_by_part (products_by_part, rowid, name_folded) VALUES ('delete', old.id, old.name_folded);
END;
CREATE TRIGGER products_by_part_changed AFTER UPDATE OF name_folded ON products WHEN old.name_folded <> new.name_folded BEGIN
    INSERT INTO products_by_part (products_by_part, rowid, name_folded) VALUES ('delete', old.id, old.name_folded);
    INSERT INTO products_by_part (rowid, name_folded) VALUES (new.id, new.name_folded);
END;

-- Which product or image a client's key has created. A row outlives its product: the
-- key goes on answering with the id that it gave out.
CREATE TABLE idempotency_keys (
    user_id     BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    fingerprint BLOB   NOT NULL, -- SHA-256 of what was asked for
    product_id  BIGINT NOT NULL,
    image_id    BIGINT NOT NULL DEFAULT 0, -- that was added; 0: the product was created
    expires_at  BIGINT NOT NULL, -- free to be taken from then on
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- What a client's key has written of many products, a part for each transaction.
CREATE TABLE bulk_keys (
    user_id     BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    part        INT    NOT NULL, -- from 0
    fingerprint BLOB   NOT NULL, -- SHA-256 of the whole request
    results     TEXT   NOT NULL, -- JSON: of the part, in order
    expires_at  BIGINT NOT NULL, -- free to be taken from then on
    PRIMARY KEY (user_id, key, part)
) WITHOUT ROWID;
CREATE INDEX bulk_keys_by_expiry ON bulk_keys (expires_at);

-- What is published for one content, whoever shows it.
CREATE TABLE renditions (
    key            TEXT   PRIMARY KEY,
    source_bytes   BIGINT NOT NULL,
    width          INT    NOT NULL,
    height         INT    NOT NULL,
    placeholder    TEXT   NOT NULL,
    outputs        TEXT   NOT NULL, -- JSON: compressed, variants
    notes          TEXT   NOT NULL DEFAULT '[]', -- JSON: the codes of catalog.Note
    created_at     BIGINT NOT NULL,
    -- A rendition whose files are deleted keeps its row for a while: 0 is live,
    -- anything else is the time after which no more of its files will be deleted.
    deleting_until BIGINT NOT NULL DEFAULT 0,
    unused_since   BIGINT NOT NULL DEFAULT 0 -- since when no image was seen to refer to it; 0 where one does
);
CREATE INDEX renditions_deleted ON renditions (deleting_until) WHERE deleting_until > 0;
CREATE INDEX renditions_unused ON renditions (key) WHERE unused_since > 0;

-- Pictures that clients have sent, each the file of that key.
CREATE TABLE sources (
    key            TEXT PRIMARY KEY, -- blob.SourceKey
    bytes          INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    -- As of a rendition.
    deleting_until INTEGER NOT NULL DEFAULT 0,
    unused_since   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sources_deleted ON sources (deleting_until) WHERE deleting_until > 0;
CREATE INDEX sources_unused ON sources (key) WHERE unused_since > 0;

-- Pictures that clients send in two steps: upload.Upload.
CREATE TABLE uploads (
    id         TEXT   PRIMARY KEY, -- random
    user_id    INTEGER NOT NULL,
    source_key TEXT   NOT NULL, -- of the source that it becomes
    bytes      INTEGER NOT NULL,
    stored     INTEGER NOT NULL DEFAULT 0, -- 1: the source is there, and kept for it
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX uploads_stored ON uploads (source_key, user_id) WHERE stored = 1;
CREATE INDEX uploads_by_user ON uploads (user_id, stored, expires_at);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);

CREATE TABLE images (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id    BIGINT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    user_id       BIGINT NOT NULL, -- the product's
    position      INT    NOT NULL,
    source_url    TEXT   NOT NULL,
    alt           TEXT   NOT NULL DEFAULT '', -- what it shows, in words
    source_host   TEXT   NOT NULL, -- media.SourceHost(source_url)
    generation    BIGINT NOT NULL DEFAULT 1,
    status        TEXT   NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')), -- what the product shows
    -- The work, apart from what is shown: see docs/image-states.md.
    stage         SMALLINT,                -- NULL none, 0 later, 1 parked, 2 in line, 3 out
    job_kind      TEXT   NOT NULL DEFAULT 'first' CHECK (job_kind IN ('first', 'refresh', 'repair')),
    class         SMALLINT NOT NULL DEFAULT 0, -- which line, in line and out: 0 its host answers, 1 it never has, or its breaker has opened
    rank          BIGINT,                  -- its position, in line and out, in milliseconds of its user's service
    cost          BIGINT NOT NULL DEFAULT 0, -- by how much it moves the next of its user
    tried         SMALLINT NOT NULL DEFAULT 0, -- 1: an attempt at it has failed
    due_at        BIGINT NOT NULL DEFAULT 0, -- later: when it comes in line
    dispatched_until BIGINT NOT NULL DEFAULT 0, -- out: the token of its message, which is lost if not begun by then
    lease_until   BIGINT NOT NULL DEFAULT 0, -- out: not 0 once it is begun
    attempts      INT    NOT NULL DEFAULT 0,
    lost_attempts INT    NOT NULL DEFAULT 0, -- of these, how many ended with the loss of their worker
    accepted_at   BIGINT NOT NULL,           -- when it was created, last replayed, refreshed or repaired: its age starts here
    reason        TEXT   NOT NULL DEFAULT '',
    reason_detail TEXT   NOT NULL DEFAULT '',
    refresh_error TEXT   NOT NULL DEFAULT '', -- the reason why the last work on a ready image failed
    rendition_key TEXT   REFERENCES renditions (key),
    shown_attempts  INT  NOT NULL DEFAULT 0, -- that the rendition took
    source_etag     TEXT NOT NULL DEFAULT '', -- media.Version of the source of the rendition
    source_modified TEXT NOT NULL DEFAULT '',
    request_id    TEXT   NOT NULL DEFAULT '',
    traceparent   TEXT   NOT NULL DEFAULT '', -- of that request; '' where it had no trace
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL, -- the last edit of it, or progress
    -- These hold while the image is failed.
    failed_at     BIGINT NOT NULL DEFAULT 0,
    discarded_at  BIGINT NOT NULL DEFAULT 0,  -- not 0: off the list of failures
    -- A pending image always has its work, a failed one none.
    CHECK (CASE status WHEN 'pending' THEN stage IS NOT NULL WHEN 'failed' THEN stage IS NULL ELSE TRUE END)
);
CREATE INDEX images_by_product ON images (product_id, position);
-- Lists of products by the host of an image, in the order of the products' ids. Of all users,
-- of one, and those with a failed one of all users. The condition that all images meet keeps the lists of one user off the
-- index of all.
CREATE INDEX images_by_host ON images (source_host, product_id) WHERE product_id > 0;
CREATE INDEX images_by_host_of_user ON images (user_id, source_host, product_id);
CREATE INDEX images_failed_by_host ON images (source_host, product_id) WHERE status = 'failed';
CREATE INDEX images_uploaded ON images (source_url, user_id) WHERE source_host = 'vitrine:upload';
-- What is ready and not worked on, to be counted: refreshsql. The stage is in it because SQLite
-- reads the row for a column that only the condition names.
CREATE INDEX images_ready ON images (user_id, updated_at, accepted_at, stage) WHERE status = 'ready' AND stage IS NULL;
-- The queue. None of these names status, attempts or leases: begin and renewals change no index.
CREATE INDEX images_due ON images (due_at) WHERE stage = 0;
CREATE INDEX images_due_of_user ON images (user_id, due_at) WHERE stage = 0;
CREATE INDEX images_line ON images (class, rank) WHERE stage = 2;
CREATE INDEX images_out ON images (dispatched_until) WHERE stage = 3;
CREATE INDEX images_of_user ON images (user_id, class, rank) WHERE stage >= 2;
CREATE INDEX images_of_host ON images (source_host, rank) WHERE stage >= 2;
CREATE INDEX images_parked ON images (source_host, tried, user_id, id) WHERE stage = 1;
CREATE INDEX images_parked_since ON images (source_host, tried, due_at) WHERE stage = 1;
CREATE INDEX images_by_rendition ON images (rendition_key) WHERE rendition_key IS NOT NULL;
CREATE INDEX images_dead ON images (failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_reason ON images (reason, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_host ON images (source_host, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;
CREATE INDEX images_dead_by_user ON images (user_id, failed_at, id) WHERE status = 'failed' AND discarded_at = 0;

-- Attempts at images that were retried or failed: attempts.Attempt. Of those that were ready
-- the log of events tells.
CREATE TABLE image_attempts (
    image_id    BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    generation  BIGINT NOT NULL,
    attempt     INT    NOT NULL, -- from 1; 0: it failed without one
    user_id     BIGINT NOT NULL, -- the product's
    outcome     TEXT   NOT NULL, -- media.Outcome
    reason      TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    ended_at    BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL DEFAULT 0, -- 0: not known
    waited      BIGINT NOT NULL DEFAULT 0, -- milliseconds since it was last due, until it was begun
    worker      TEXT   NOT NULL DEFAULT '', -- processes.id; '': not known
    steps       TEXT   NOT NULL DEFAULT '[]', -- JSON: events.Step
    http_status INT    NOT NULL DEFAULT 0, -- of the last answer to the fetch; 0: there was none
    redirects   INT    NOT NULL DEFAULT 0,
    trace_id    TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (image_id, generation, attempt)
);
CREATE INDEX image_attempts_by_time ON image_attempts (ended_at);

-- What is remembered of the hosts that images are fetched from: dispatch.Host.
CREATE TABLE hosts (
    host          TEXT   PRIMARY KEY,
    answered_at   BIGINT NOT NULL DEFAULT 0, -- its last answer; 0: never
    failures      INT    NOT NULL DEFAULT 0, -- different URLs that have failed since
    counted       TEXT   NOT NULL DEFAULT '', -- JSON: hashes of URLs that count once
    failing_at    BIGINT NOT NULL DEFAULT 0, -- the first of the failures
    failed_at     BIGINT NOT NULL DEFAULT 0, -- the last one
    open_until    BIGINT NOT NULL DEFAULT 0, -- its breaker is open; 0 once a probe may go
    recent_ms     BIGINT NOT NULL DEFAULT 0, -- how long a fetch takes
    reason        TEXT   NOT NULL DEFAULT '', -- of the last failure
    reason_detail TEXT   NOT NULL DEFAULT '',
    used_at       BIGINT NOT NULL DEFAULT 0  -- when it was last fetched from, within ten minutes
);
CREATE INDEX hosts_open ON hosts (open_until) WHERE open_until > 0;
CREATE INDEX hosts_failing ON hosts (failing_at) WHERE failing_at > 0;
CREATE INDEX hosts_used ON hosts (used_at);

-- What has changed, one row for each change, in its transaction. Rows are only
-- added, and removed from the front when they are old; none refers to another
-- table, they outlive what they are about.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- the position: CACHE 1 has no process draw ids ahead
    type        TEXT   NOT NULL,
    product_id  BIGINT NOT NULL,
    image_id    BIGINT NOT NULL, -- 0: the product as a whole
    user_id     BIGINT NOT NULL,
    revision    BIGINT NOT NULL, -- of the product with this change
    version     BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    data        TEXT   NOT NULL  -- JSON of at most 1280 bytes: events.Data
);
CREATE INDEX events_of_images ON events (image_id, id) WHERE type IN ('image.ready', 'image.refreshed', 'image.retrying');

-- How far the log was cut: events up to there are gone.
CREATE TABLE event_log (removed_to BIGINT NOT NULL);
INSERT INTO event_log (removed_to) VALUES (0);

-- Who reads the log, and how far each reader has come.
CREATE TABLE event_readers (
    name        TEXT   PRIMARY KEY,
    position    BIGINT NOT NULL DEFAULT 0, -- the last event that is done
    holder      TEXT   NOT NULL DEFAULT '', -- the process that reads
    lease_until BIGINT NOT NULL DEFAULT 0
);

-- Where users want events: webhook.Endpoint.
CREATE TABLE webhooks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       BIGINT NOT NULL CONSTRAINT webhooks_user_fk REFERENCES users (id),
    name          TEXT   NOT NULL,
    url           TEXT   NOT NULL,
    types         TEXT   NOT NULL, -- separated by blanks; '' for all
    secret        TEXT   NOT NULL, -- webhook.Sealed
    old_secret    TEXT   NOT NULL DEFAULT '',
    old_until     BIGINT NOT NULL DEFAULT 0, -- until when requests are signed with the old one, too
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    -- Everything up to the position is delivered or has a row, but for what is outstanding.
    position      BIGINT NOT NULL,
    outstanding   TEXT   NOT NULL DEFAULT '[]', -- JSON: ids of events
    again_after   BIGINT NOT NULL DEFAULT 0, -- a part of the log that is delivered once more
    again_until   BIGINT NOT NULL DEFAULT 0,
    holder        TEXT   NOT NULL DEFAULT '', -- the process that delivers
    failures      INT    NOT NULL DEFAULT 0, -- in a row
    failing_since BIGINT NOT NULL DEFAULT 0,
    warned_at     BIGINT NOT NULL DEFAULT 0,
    paused_until  BIGINT NOT NULL DEFAULT 0,
    disabled      TEXT   NOT NULL DEFAULT '', -- why; '' where it is not
    disabled_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX webhooks_by_user ON webhooks (user_id, id);
CREATE INDEX webhooks_in_trouble ON webhooks (id) WHERE failing_since > 0 OR disabled_at > 0;

-- Events on their way to endpoints, and the log of those that have ended.
CREATE TABLE webhook_deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id   BIGINT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id     BIGINT NOT NULL, -- 0: a test
    message_id   TEXT   NOT NULL,
    type         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts     INT    NOT NULL DEFAULT 0,
    body         BLOB, -- of the request; NULL once it is delivered
    http_status  INT    NOT NULL DEFAULT 0, -- of the last answer; 0: there was none
    failure      TEXT   NOT NULL DEFAULT '', -- why there was none
    answer       BLOB, -- the beginning of the last answer, where that was a failure
    duration     BIGINT NOT NULL DEFAULT 0, -- of the last request, in milliseconds
    created_at   BIGINT NOT NULL,
    attempted_at BIGINT NOT NULL DEFAULT 0, -- the last one; 0: not yet
    next_at      BIGINT NOT NULL DEFAULT 0,
    asked        INT    NOT NULL DEFAULT 0 -- how often it was asked for again
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (attempted_at) WHERE state <> 'waiting';

-- Messages of the broker that no one could read.
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

-- The background jobs: retry or discard many failures, fetch many images again, erase a user, import a file.
CREATE TABLE dead_jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    action      TEXT   NOT NULL CHECK (action IN ('replay', 'discard', 'refresh', 'erase-user', 'import')),
    filter      TEXT   NOT NULL, -- JSON
    rate        BIGINT NOT NULL,
    total       BIGINT NOT NULL,
    done        BIGINT NOT NULL DEFAULT 0,
    state       TEXT   NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'done', 'aborted')),
    request_id  TEXT   NOT NULL,
    traceparent TEXT   NOT NULL DEFAULT '', -- of that request; '' where it had no trace
    as_of       BIGINT NOT NULL,
    past_at     BIGINT NOT NULL DEFAULT -1, -- what was handled last: the time of a failure, or a product,
    past_id     TEXT   NOT NULL DEFAULT '', -- and the id of the failure or image
    holder      TEXT   NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX dead_jobs_running ON dead_jobs (id) WHERE state = 'running';
CREATE INDEX dead_jobs_paused ON dead_jobs (id) WHERE state = 'paused';
CREATE INDEX dead_jobs_of_user ON dead_jobs (filter) WHERE action = 'erase-user';

-- Files of products on their way into the catalogue: imports.Import.
CREATE TABLE imports (
    job_id         BIGINT NOT NULL PRIMARY KEY,
    user_id        BIGINT NOT NULL,
    file           TEXT   NOT NULL, -- blob.ImportKey
    sha256         TEXT   NOT NULL, -- in hex digits
    bytes          BIGINT NOT NULL,
    head           TEXT   NOT NULL, -- JSON: rows.Head
    policy         TEXT   NOT NULL,
    mode           TEXT   NOT NULL,
    dry_run        SMALLINT NOT NULL, -- 1: nothing is written
    phase          TEXT   NOT NULL,
    at_offset      BIGINT NOT NULL, -- where the next row begins
    at_line        BIGINT NOT NULL,
    rows_read      BIGINT NOT NULL DEFAULT 0,
    rows_created   BIGINT NOT NULL DEFAULT 0,
    rows_updated   BIGINT NOT NULL DEFAULT 0,
    rows_unchanged BIGINT NOT NULL DEFAULT 0,
    rows_failed    BIGINT NOT NULL DEFAULT 0,
    rows_superseded BIGINT NOT NULL DEFAULT 0,
    images_waiting BIGINT NOT NULL DEFAULT 0,
    images_ready   BIGINT NOT NULL DEFAULT 0,
    images_failed  BIGINT NOT NULL DEFAULT 0,
    looked_line    BIGINT NOT NULL DEFAULT 0, -- images of rows up to there were looked at in this round
    looked_at      BIGINT NOT NULL DEFAULT 0,
    speed          BIGINT NOT NULL DEFAULT 0, -- thousandths of rows, or images, a second
    stepped_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX imports_by_user ON imports (user_id, job_id);

-- What became of the rows of imports: imports.Result.
CREATE TABLE import_rows (
    import_id      BIGINT NOT NULL,
    line           BIGINT NOT NULL,
    external_id    TEXT, -- NULL for none
    product_id     BIGINT NOT NULL DEFAULT 0, -- 0: none
    outcome        TEXT   NOT NULL,
    errors         TEXT   NOT NULL DEFAULT '', -- JSON; '' for none
    images_waiting INT    NOT NULL DEFAULT 0,
    images_ready   INT    NOT NULL DEFAULT 0,
    images_failed  INT    NOT NULL DEFAULT 0,
    PRIMARY KEY (import_id, line) -- with a rowid beside it: else every search goes along this key
);
CREATE INDEX import_rows_by_external_id ON import_rows (import_id, external_id);
CREATE INDEX import_rows_waiting ON import_rows (import_id, line) WHERE images_waiting > 0;

-- The processes that are alive, each with a heartbeat of its own: see package processes.
CREATE TABLE processes (
    id           TEXT   PRIMARY KEY,
    role         TEXT   NOT NULL CHECK (role IN ('serve', 'api', 'worker')),
    slots        INT    NOT NULL, -- downloads that it has room for at once; 0: it does not work on images
    in_flight    INT    NOT NULL, -- images that it worked on then
    held         INT    NOT NULL, -- slots that these took
    fetched      TEXT   NOT NULL, -- JSON: of these, those whose downloads had ended; '' for none
    heartbeat_at BIGINT NOT NULL,
    version      TEXT   NOT NULL, -- of the program
    started_at   BIGINT NOT NULL,
    draining     INT    NOT NULL, -- 1: it begins nothing any more
    memory       BIGINT NOT NULL, -- resident bytes of it and its render processes; 0: not known
    renders      INT    NOT NULL, -- render processes that were alive
    pixels_used  BIGINT NOT NULL, -- of pixel_budget
    pixel_budget BIGINT NOT NULL  -- 0: it has no render processes
);

-- What happened in each minute: see package statistics. One in which nothing did has no row.
CREATE TABLE minutes (
    minute    BIGINT PRIMARY KEY, -- when it began
    ready     BIGINT NOT NULL DEFAULT 0, -- attempts, by how they ended
    retried   BIGINT NOT NULL DEFAULT 0,
    failed    BIGINT NOT NULL DEFAULT 0,
    bytes_in  BIGINT NOT NULL DEFAULT 0,
    bytes_out BIGINT NOT NULL DEFAULT 0,
    sampled   INT    NOT NULL DEFAULT 0, -- 1: the next ones are what was seen in it
    waiting   INT    NOT NULL DEFAULT 0, -- images
    more      INT    NOT NULL DEFAULT 0, -- 1: there may have been more
    oldest    BIGINT NOT NULL DEFAULT 0, -- ms for which that had been due which waited longest
    in_flight INT    NOT NULL DEFAULT 0
);

-- How the fetches of a host have ended, of each five minutes: see statistics.Cell.
CREATE TABLE host_fetches (
    host     TEXT   NOT NULL,
    begun_at BIGINT NOT NULL, -- when the five minutes began
    class    INT    NOT NULL, -- of the durations of those that succeeded; -1: they failed
    fetches  BIGINT NOT NULL,
    PRIMARY KEY (host, begun_at, class)
);
CREATE INDEX host_fetches_begun ON host_fetches (begun_at);

-- Which process does what one at a time does for as long as it lives: see package processes.
CREATE TABLE leases (
    name        TEXT   PRIMARY KEY,
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);

-- Work that one process at a time does now and then.
CREATE TABLE chores (
    name   TEXT   PRIMARY KEY,
    due_at BIGINT NOT NULL,
    place  INT    NOT NULL DEFAULT 0 -- where the next turn begins
);

-- What the last runs of fsck and the last turns of the collector have found: see package gc.
CREATE TABLE runs (
    task     TEXT   NOT NULL, -- fsck or collector
    place    INT    NOT NULL, -- the partition at which a turn begins
    failed   INT    NOT NULL, -- 1: it did not look at everything
    ran_by   TEXT   NOT NULL,
    repair   INT    NOT NULL, -- 1: it was to repair what it found
    failure  TEXT   NOT NULL, -- a sentence
    took     BIGINT NOT NULL, -- ms
    ended_at BIGINT NOT NULL,
    report   TEXT   NOT NULL, -- JSON
    PRIMARY KEY (task, place, failed)
);

-- One row: who this installation is. See package installation.
CREATE TABLE installation (
    id               TEXT   NOT NULL, -- 32 hex digits, for good
    epoch            TEXT   NOT NULL, -- random; another one since the data went back or came from elsewhere
    epoch_at         BIGINT NOT NULL DEFAULT 0,    -- since when; 0: from the beginning
    origin           TEXT   NOT NULL DEFAULT '{}', -- JSON: which copy of the database it was, by what the system says of it
    copied           INT    NOT NULL DEFAULT 0,    -- 1: it is another copy, and no one has said that the first is no more
    cache_external   INT    NOT NULL DEFAULT 0,    -- 1: a server of its own
    queue_external   INT    NOT NULL DEFAULT 0,
    storage_external INT    NOT NULL DEFAULT 0
);
INSERT INTO installation (id, epoch) VALUES (lower(hex(randomblob(16))), lower(hex(randomblob(6))));
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DROP TABLE installation;
DROP TABLE runs;
DROP TABLE chores;
DROP TABLE host_fetches;
DROP TABLE minutes;
DROP TABLE leases;
DROP TABLE processes;
DROP TABLE import_rows;
DROP TABLE imports;
DROP TABLE dead_jobs;
DROP TABLE dead_messages;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE event_readers;
DROP TABLE event_log;
DROP TABLE events;
DROP TABLE hosts;
DROP TABLE image_attempts;
DROP TABLE images;
DROP TABLE uploads;
DROP TABLE sources;
DROP TABLE renditions;
DROP TABLE bulk_keys;
DROP TABLE idempotency_keys;
DROP TABLE products_by_part;
DROP TABLE products;
DROP TABLE audit;
DROP TABLE signing_keys;
DROP TABLE sessions;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE schema_digest;
-- +goose StatementEnd
