-- API keys of applications: a hash of the secret, and for the time of an overlap one of the secret before.
CREATE TABLE IF NOT EXISTS api_keys (
  id                  UUID   NOT NULL PRIMARY KEY,
  namespace           TEXT   NOT NULL,
  name                TEXT   NOT NULL,
  digest              BYTEA  NOT NULL,
  expires_at          BIGINT,
  previous_digest     BYTEA,
  previous_expires_at BIGINT,
  created_at          BIGINT NOT NULL,
  rotated_at          BIGINT NOT NULL,
  revoked_at          BIGINT,
  last_used_at        BIGINT
);
CREATE UNIQUE INDEX IF NOT EXISTS api_keys_by_name ON api_keys (namespace, name) WHERE revoked_at IS NULL;
