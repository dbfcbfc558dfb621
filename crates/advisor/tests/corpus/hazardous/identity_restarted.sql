-- expect: sequence-set-back
alter table orders alter column id restart with 1;
