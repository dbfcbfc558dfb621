-- expect: drop-table
select drop_chunks('readings', older_than => interval '30 days');
