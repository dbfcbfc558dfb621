-- expect: trigger-disabled
ALTER TABLE accounts DISABLE TRIGGER ALL;
