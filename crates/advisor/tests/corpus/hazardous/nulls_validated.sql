-- data: fails
alter table accounts add constraint note_set check (note is not null) not valid;
alter table accounts validate constraint note_set;
