-- Times are milliseconds since 1970, written by the database's own clock. Ids are UUIDs; new ones are UUIDv7, so
-- tables grow at their end. No sequences, no foreign keys, no triggers: nothing here ties a row to a server.
-- Every statement may run twice.

CREATE TABLE IF NOT EXISTS users (
  namespace        TEXT    NOT NULL,
  id               UUID    NOT NULL,
  email            TEXT    NOT NULL,
  email_verified   BOOLEAN NOT NULL,
  status           TEXT    NOT NULL,
  credential_epoch BIGINT  NOT NULL,
  password         TEXT    NOT NULL,
  created_at       BIGINT  NOT NULL,
  updated_at       BIGINT  NOT NULL,
  last_sign_in_at  BIGINT,
  PRIMARY KEY (namespace, id)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_email ON users (namespace, email);

-- What an address without an account is verified against.
CREATE TABLE IF NOT EXISTS decoys (
  namespace TEXT NOT NULL PRIMARY KEY,
  id        UUID NOT NULL,
  password  TEXT NOT NULL
);

-- No foreign key to users: the sessions of a deleted account stay until they are purged, so that their
-- tokens get a precise answer. A rotation touches no indexed column and finds room in its page (a HOT update).
CREATE TABLE IF NOT EXISTS sessions (
  id                         UUID   NOT NULL PRIMARY KEY,
  namespace                  TEXT   NOT NULL,
  user_id                    UUID   NOT NULL,
  salt                       BYTEA  NOT NULL,
  mac_key                    BIGINT NOT NULL,
  credential_epoch           BIGINT NOT NULL,
  body_generation            BIGINT NOT NULL,
  body_rotated_at            BIGINT NOT NULL,
  body_previous_rotated_at   BIGINT NOT NULL,
  cookie_generation          BIGINT NOT NULL,
  cookie_rotated_at          BIGINT NOT NULL,
  cookie_previous_rotated_at BIGINT NOT NULL,
  created_at                 BIGINT NOT NULL,
  last_proof_at              BIGINT NOT NULL,
  idle_deadline              BIGINT NOT NULL,
  absolute_deadline          BIGINT NOT NULL,
  revoked_at                 BIGINT,
  revoke_reason              TEXT,
  user_agent                 TEXT,
  address                    TEXT
) WITH (fillfactor = 75);
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE IF NOT EXISTS resets (
  id               UUID    NOT NULL PRIMARY KEY,
  order_id         UUID    NOT NULL,
  namespace        TEXT    NOT NULL,
  user_id          UUID    NOT NULL,
  email            TEXT    NOT NULL,
  credential_epoch BIGINT  NOT NULL,
  mac_key          BIGINT  NOT NULL,
  expires_at       BIGINT  NOT NULL,
  -- Whether an attempt is under way, and whether an earlier one may have reached the mail server. In either
  -- case a resend carries the same link.
  is_attempted     BOOLEAN NOT NULL,
  may_have_left    BOOLEAN NOT NULL,
  void_at          BIGINT
);
CREATE UNIQUE INDEX IF NOT EXISTS resets_by_order ON resets (order_id);
CREATE INDEX IF NOT EXISTS resets_by_user ON resets (user_id);

CREATE TABLE IF NOT EXISTS outbox (
  id              UUID   NOT NULL PRIMARY KEY,
  namespace       TEXT   NOT NULL,
  locale          TEXT   NOT NULL,
  kind            TEXT   NOT NULL,
  user_id         UUID,
  email           TEXT,
  redirect_to     TEXT,
  -- Fills the row up to one size, whatever the address and the target are. Noise, because zeros are compressed.
  padding         BYTEA  NOT NULL,
  state           TEXT   NOT NULL,
  attempts        BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  -- While an order is leased, the end of the lease; once it is sent or dead, that moment.
  next_attempt_at BIGINT NOT NULL,
  last_error      TEXT
);
CREATE INDEX IF NOT EXISTS outbox_by_state ON outbox (state, next_attempt_at);
CREATE INDEX IF NOT EXISTS outbox_by_user ON outbox (user_id);

CREATE TABLE IF NOT EXISTS root_keys (
  id          BIGINT NOT NULL PRIMARY KEY,
  fingerprint BYTEA  NOT NULL
);

CREATE TABLE IF NOT EXISTS signing_keys (
  kid          TEXT   NOT NULL PRIMARY KEY,
  namespace    TEXT   NOT NULL,
  algorithm    TEXT   NOT NULL,
  sealed       BYTEA  NOT NULL,
  created_at   BIGINT NOT NULL,
  activates_at BIGINT NOT NULL
);

-- User ids and no addresses of mailboxes: deleting a user needs no edit here.
CREATE TABLE IF NOT EXISTS events (
  id         UUID   NOT NULL PRIMARY KEY,
  at         BIGINT NOT NULL,
  kind       TEXT   NOT NULL,
  namespace  TEXT,
  user_id    UUID,
  session_id UUID,
  actor      TEXT   NOT NULL,
  request_id TEXT,
  address    TEXT,
  detail     TEXT
);

-- Budgets that protect accounts, shared by all nodes. The key is a keyed hash.
CREATE TABLE IF NOT EXISTS limits (
  kind     TEXT   NOT NULL,
  key      BYTEA  NOT NULL,
  -- When the budget is whole again.
  whole_at BIGINT NOT NULL,
  PRIMARY KEY (kind, key)
) WITH (fillfactor = 75);

-- Written by the readiness check.
CREATE TABLE IF NOT EXISTS pulse (
  id BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO pulse (id, at) VALUES (1, 0) ON CONFLICT (id) DO NOTHING;
