-- expect: safe
alter table accounts add constraint phone_set check (phone is not null) not valid;
alter table accounts validate constraint phone_set;
alter table accounts alter column phone set not null;
alter table accounts drop constraint phone_set;
