-- expect: unique-constraint-without-index
alter table invoices add constraint no_overlap exclude using gist (tstzrange(issued_at, issued_at + interval '1 day') with &&);
