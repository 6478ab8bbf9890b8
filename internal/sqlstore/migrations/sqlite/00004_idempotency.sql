-- +goose Up
-- Which product a client's key has created. A row outlives its product: the
-- key goes on answering with the id that it gave out.
CREATE TABLE idempotency_keys (
    user_id     BIGINT NOT NULL,
    key         TEXT   NOT NULL,
    fingerprint BLOB   NOT NULL, -- SHA-256 of what was asked for
    product_id  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL, -- milliseconds since 1970; free to be taken from then on
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- +goose Down
DROP TABLE idempotency_keys;
