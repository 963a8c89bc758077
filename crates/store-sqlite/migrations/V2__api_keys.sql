-- API keys of applications: a hash of the secret, and for the time of an overlap one of the secret before.
CREATE TABLE api_keys (
  id                  BLOB    NOT NULL PRIMARY KEY,
  namespace           TEXT    NOT NULL,
  name                TEXT    NOT NULL,
  digest              BLOB    NOT NULL,
  expires_at          INTEGER,
  previous_digest     BLOB,
  previous_expires_at INTEGER,
  created_at          INTEGER NOT NULL,
  rotated_at          INTEGER NOT NULL,
  revoked_at          INTEGER,
  last_used_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (namespace, name) WHERE revoked_at IS NULL;
