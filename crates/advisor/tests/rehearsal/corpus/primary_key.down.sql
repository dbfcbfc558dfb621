alter table journal drop constraint journal_pkey;
