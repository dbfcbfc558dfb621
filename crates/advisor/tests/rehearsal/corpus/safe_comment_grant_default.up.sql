-- expect: safe
comment on column accounts.note is 'what was said';
alter table accounts alter column note set default 'none';
