-- expect: nothing
UPDATE products SET category = 'misc' WHERE id IN (SELECT id FROM products WHERE category IS NULL ORDER BY id LIMIT 5000);
