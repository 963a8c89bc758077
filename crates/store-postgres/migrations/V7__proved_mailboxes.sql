-- The newest proof of the mailbox that was asked for: the id of its mail order. Older ones are void.
ALTER TABLE users ADD COLUMN IF NOT EXISTS verification_id UUID;
-- The session that a notice of a sign-in is about.
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS session_id UUID;
