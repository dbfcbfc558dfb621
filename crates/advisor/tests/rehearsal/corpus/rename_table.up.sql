-- expect: dangerous: a statement that ran before fails now
alter table settings rename to options;
