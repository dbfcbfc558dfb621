-- expect: unbounded-data-change
delete from invoices where account_id in (select id from accounts) and id in (select id from accounts);
