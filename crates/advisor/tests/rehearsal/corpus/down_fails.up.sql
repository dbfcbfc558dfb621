-- expect: dangerous: it cannot be taken back
alter table settings add column kind text;
