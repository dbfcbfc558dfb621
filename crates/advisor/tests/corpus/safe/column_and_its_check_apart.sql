-- expect: nothing
alter table accounts
    add column discount integer not null default 0,
    add constraint discount_range check (discount between 0 and 100) not valid;
alter table accounts validate constraint discount_range;
