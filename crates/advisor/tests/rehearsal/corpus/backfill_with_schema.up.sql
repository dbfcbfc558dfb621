-- expect: dangerous: accounts are changed
alter table accounts add column region text;
update accounts set region = 'north';
