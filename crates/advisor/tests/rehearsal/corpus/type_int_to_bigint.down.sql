alter table accounts alter column visits type int;
