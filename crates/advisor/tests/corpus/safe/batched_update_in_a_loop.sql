-- expect: nothing
DO $$
DECLARE n int;
BEGIN
  LOOP
    UPDATE products SET category = 'misc' WHERE id IN (SELECT id FROM products WHERE category IS NULL LIMIT 1000);
    GET DIAGNOSTICS n = ROW_COUNT;
    EXIT WHEN n = 0;
    COMMIT;
  END LOOP;
END $$;
