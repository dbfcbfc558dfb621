alter table accounts add column empty text;
