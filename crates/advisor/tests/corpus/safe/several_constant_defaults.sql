-- expect: nothing
ALTER TABLE accounts ADD COLUMN flags jsonb NOT NULL DEFAULT '{}'::jsonb, ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ADD COLUMN is_vip boolean NOT NULL DEFAULT false;
