-- What is done by a schedule and can never succeed, as reading what a tenant has not granted, left a dead letter
-- each time. The newest now speaks for all of the same work that failed for the same reason.
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
    if not found then
        return;
    end if;
    delete from shelfops_queue._private_jobs as older
    using shelfops_queue._private_jobs as job
    where job.id = job_id
        and job.attempts >= job.max_attempts
        and older.id <> job.id
        and older.task_id = job.task_id
        -- When it was due is no part of what it does.
        and older.payload::jsonb - 'due_at' = job.payload::jsonb - 'due_at'
        and older.last_error = job.last_error
        and older.attempts >= older.max_attempts
        and older.locked_at is null;
    if delay = interval '0' then
        perform shelfops.wake_workers();
    end if;
end
$$;
