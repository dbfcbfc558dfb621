-- expect: dangerous: orders are written anew
set timezone = 'Europe/Berlin';
alter table orders alter column placed_at type timestamp;
