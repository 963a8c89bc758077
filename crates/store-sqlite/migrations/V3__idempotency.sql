-- Calls that happened once: what stands for the client's key and for the body, and what was answered. No key, no body
-- and no token.
CREATE TABLE idempotency (
  key        BLOB    NOT NULL PRIMARY KEY,
  body       BLOB    NOT NULL,
  answer     TEXT    NOT NULL,
  -- The account that was made, or the session that was to be opened.
  subject_id BLOB,
  epoch      INTEGER,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
