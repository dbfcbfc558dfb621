-- expect: unbounded-data-change
DO $$
BEGIN
    UPDATE accounts SET note = '' WHERE note IS NULL;
END
$$;
