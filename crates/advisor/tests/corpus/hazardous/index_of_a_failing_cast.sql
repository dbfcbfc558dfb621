-- data: fails
create index concurrently accounts_note on accounts ((note::integer));
