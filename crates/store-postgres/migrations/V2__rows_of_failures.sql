-- A row of failures is kept beside the budgets: `failures` counts it, and `whole_at` is when it is forgotten.
ALTER TABLE limits ADD COLUMN IF NOT EXISTS failures BIGINT NOT NULL DEFAULT 0;
