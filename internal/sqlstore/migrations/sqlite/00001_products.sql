-- +goose Up
CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO users (name, created_at) VALUES ('First user', CAST(unixepoch('subsec') * 1000 AS INTEGER));

CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     BIGINT NOT NULL CONSTRAINT products_user_fk REFERENCES users (id),
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL, -- catalog.Fold(name), for searching
    description TEXT   NOT NULL,
    price       BIGINT NOT NULL CHECK (price >= 0), -- hundredths
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL, -- all times are milliseconds since 1970
    updated_at  BIGINT NOT NULL
);
CREATE INDEX products_by_user ON products (user_id, id DESC);
CREATE INDEX products_by_price ON products (price, id DESC);

-- What is published for one content, whoever shows it.
CREATE TABLE renditions (
    key          TEXT   PRIMARY KEY,
    source_bytes BIGINT NOT NULL,
    width        INT    NOT NULL,
    height       INT    NOT NULL,
    placeholder  TEXT   NOT NULL,
    outputs      TEXT   NOT NULL, -- JSON: compressed, variants
    created_at   BIGINT NOT NULL
);

CREATE TABLE images (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id    BIGINT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    position      INT    NOT NULL,
    source_url    TEXT   NOT NULL,
    generation    BIGINT NOT NULL DEFAULT 1,
    status        TEXT   NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'ready', 'failed')),
    attempts      INT    NOT NULL DEFAULT 0,
    retry_at      BIGINT NOT NULL DEFAULT 0, -- not to be begun before
    lease_until   BIGINT NOT NULL DEFAULT 0, -- while processing
    queued_at     BIGINT NOT NULL,           -- when its job was last due
    reason        TEXT   NOT NULL DEFAULT '',
    reason_detail TEXT   NOT NULL DEFAULT '',
    rendition_key TEXT   REFERENCES renditions (key),
    request_id    TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX images_by_product ON images (product_id, position);
CREATE INDEX images_leased ON images (lease_until) WHERE status = 'processing';
CREATE INDEX images_waiting ON images (queued_at) WHERE status = 'pending';
CREATE INDEX images_failed ON images (id DESC) WHERE status = 'failed';
CREATE INDEX images_by_rendition ON images (rendition_key) WHERE rendition_key IS NOT NULL;

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    image_id    BIGINT, -- whose job it is; no reference, the row may outlive it for a moment
    due_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_due ON outbox (topic, due_at, id);
CREATE INDEX outbox_by_image ON outbox (image_id) WHERE image_id IS NOT NULL;

-- +goose Down
DROP TABLE outbox;
DROP TABLE images;
DROP TABLE renditions;
DROP TABLE products;
DROP TABLE users;
