-- Remembers of each stream why it cannot be read. With one reason for the whole connection, a stream that
-- could be read took away what was written down of another that could not.
alter table integrations
    add column failures jsonb not null default '{}' check (jsonb_typeof(failures) = 'object');
comment on column integrations.failures is
    'Why which stream cannot be read, or ''connection'' where none can; status and last_error say it in short.';
