create or replace function shelfops.settle_failed_job(job_id bigint, reason text, delay interval)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update shelfops_queue._private_jobs as job
    set
        last_error = reason,
        run_at = coalesce(now() + delay * (0.5 + random() / 2), job.run_at),
        attempts = case when delay is null then job.max_attempts else job.attempts end,
        updated_at = now()
    where job.id = job_id and job.locked_at is null;
    if found and delay = interval '0' then
        perform shelfops.wake_workers();
    end if;
end
$$;
