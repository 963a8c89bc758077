-- Calls that happened once: what stands for the client's key and for the body, and what was answered. No key, no body
-- and no token.
CREATE TABLE IF NOT EXISTS idempotency (
  key        BYTEA  NOT NULL PRIMARY KEY,
  body       BYTEA  NOT NULL,
  answer     TEXT   NOT NULL,
  -- The account that was made, or the session that was to be opened.
  subject_id UUID,
  epoch      BIGINT,
  expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS idempotency_by_expiry ON idempotency (expires_at);
