-- expect: nothing
ALTER TABLE orders ADD COLUMN IF NOT EXISTS notes text;
