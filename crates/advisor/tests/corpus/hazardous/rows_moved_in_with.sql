-- expect: unbounded-data-change
create table invoices_archive (like invoices including all);
with gone as (delete from invoices where issued_at < '2024-01-01' returning *) insert into invoices_archive select * from gone;
