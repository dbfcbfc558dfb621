-- expect: dangerous: the values of accounts.phone are gone
alter table accounts drop column phone;
