-- expect: dangerous: a statement that ran before fails now
alter table settings add column kind text not null default 'plain';
alter table settings alter column kind drop default;
