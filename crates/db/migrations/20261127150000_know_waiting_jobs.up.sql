-- Tells a tenant whether a job of a key waits to be begun. put_job holds a lock on the key until its
-- transaction is over, so a thousand notifications that all want the same job stood in a line, a commit
-- each. Who has committed what the job is to see first need not wait: a job that begins later sees it.
create function shelfops.job_waits(job_key text) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if shelfops.current_customer_id() is null then
        raise insufficient_privilege using
            message = 'a job belongs to a tenant, and this transaction has none';
    end if;
    return exists (
        select from shelfops_queue._private_jobs as job
        where job.key = shelfops.current_customer_id() || '/' || job_key
            and job.locked_at is null
            and job.attempts < job.max_attempts);
end
$$;
grant execute on function shelfops.job_waits(text) to shelfops_app;
