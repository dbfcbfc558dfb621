-- expect: type-change-rewrite
-- The rows stay, an index of an expression does not.
set lock_timeout = '5s';
alter table branches alter column label type varchar;
