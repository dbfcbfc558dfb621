-- Background jobs. The queue's own tables are made by the library that works it (graphile_worker), in a
-- schema where the application role has no rights; the migrator calls it right after this text. What
-- stands here is the way in for tenants, and what the library leaves open: workers that died, and when a
-- failed job is tried again. All of it keeps to one rule: what a tenant names, a key or a queue, is the
-- tenant's own, because the tenant's id stands before it.
create schema shelfops_queue;
comment on schema shelfops_queue is 'The job queue''s own tables; no tenant''s role has rights here.';

-- Puts a job into the queue. A job of the same key that waits is that job already: it will read what
-- this transaction leaves behind, since the lock on its row keeps workers away until then. One that runs
-- may have read too early, so another follows it, unless that is not wanted: a schedule's next time comes.
create function shelfops.put_job(
    owner uuid, kind text, payload jsonb, queue_name text, job_key text, max_attempts integer,
    unless_running boolean
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    prefix text := coalesce(owner::text, 'shelfops') || '/';
    full_key text := prefix || job_key;
    full_queue text := prefix || queue_name;
    job_id bigint;
begin
    if jsonb_typeof(payload) <> 'object' or octet_length(payload::text) > 8192 then
        raise invalid_parameter_value using
            message = 'what a job is told must be an object of 8192 bytes at most';
    end if;
    if kind !~ '^[a-z][a-z-]{0,62}$' then
        raise invalid_parameter_value using message = format('''%s'' cannot name a kind of job', kind);
    end if;
    if full_key is not null then
        -- The library takes the same lock: of two who put the same job, one waits for the other.
        perform pg_advisory_xact_lock(hashtext(full_key));
        select job.id into job_id
        from shelfops_queue._private_jobs as job
        where job.key = full_key
            and case when job.locked_at is null
                then job.attempts < job.max_attempts else unless_running end
        for update;
        if found then
            return job_id;
        end if;
    end if;
    -- A dead letter of that key stays one; without its key it is in nobody's way.
    update shelfops_queue._private_jobs as job
    set key = null
    where job.key = full_key and job.locked_at is null;
    if owner is not null then
        payload := payload || jsonb_build_object('customer_id', owner);
    end if;
    select job.id into strict job_id
    from shelfops_queue.add_job(
        -- The time of this moment, not of the transaction: jobs of one are done in the order they were put.
        kind, payload::json, full_queue, clock_timestamp(), least(greatest(max_attempts, 1), 100),
        full_key
    ) as job;
    return job_id;
end
$$;

-- What a tenant's transaction may do: put a job of its own. It becomes durable, and visible to workers,
-- with what the transaction writes, or not at all.
create function shelfops.enqueue_job(
    kind text, payload jsonb, queue_name text, job_key text, max_attempts integer
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    tenant uuid := shelfops.current_customer_id();
begin
    if tenant is null then
        raise insufficient_privilege using
            message = 'a job belongs to a tenant, and this transaction has none';
    end if;
    return shelfops.put_job(tenant, kind, payload, queue_name, job_key, max_attempts, false);
end
$$;
grant execute on function shelfops.enqueue_job(text, jsonb, text, text, integer) to shelfops_app;

-- The lock that a worker's session holds as long as the worker lives.
create function shelfops.worker_lock(worker text) returns bigint
language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('shelfops worker ' || worker, 4) $$;

-- Gives the jobs of dead workers back. Whose session is gone is dead: the server gives its lock up at
-- that moment, whereas a heartbeat would have to be missed for a while. The attempt counts, so that a job
-- that kills its workers becomes a dead letter instead of killing them for ever. The worker that asks is
-- named, because a session always gets the lock that it has.
create function shelfops.free_lost_jobs(asking text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    worker text;
    freed integer := 0;
    freed_of_worker integer;
begin
    for worker in
        select locked_by from shelfops_queue._private_jobs where locked_by <> asking
        union
        select locked_by from shelfops_queue._private_job_queues where locked_by <> asking
    loop
        continue when not pg_try_advisory_xact_lock(shelfops.worker_lock(worker));
        update shelfops_queue._private_jobs
        -- Its time stays: it goes before those that were put after it.
        set last_error = 'the worker that ran it is gone', updated_at = now()
        where locked_by = worker;
        get diagnostics freed_of_worker = row_count;
        perform shelfops_queue.force_unlock_workers(array[worker]);
        freed := freed + freed_of_worker;
    end loop;
    -- Jobs that were replaced while they ran, and did not end well: their successors do the work.
    delete from shelfops_queue._private_jobs as job
    using shelfops_queue._private_job_retirements as retired
    where retired.id = job.id and job.locked_at is null;
    delete from shelfops_queue._private_jobs as job
    where job.locked_at is null
        and job.attempts >= job.max_attempts
        and job.updated_at < now() - interval '30 days';
    if freed > 0 then
        perform shelfops.wake_workers();
    end if;
    return freed;
end
$$;

-- Lets workers look at the queue now instead of at their next turn.
create function shelfops.wake_workers() returns void
language sql
set search_path = pg_catalog, pg_temp
as $$ select pg_notify('jobs:insert', json_build_object('r', random(), 'count', 1)::text) $$;

-- A worker looks once when it is woken, so one that ended a job wakes the next where there is more to do.
create function shelfops.wake_workers_for_more() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from shelfops_queue._private_jobs where is_available and run_at <= now()) then
        perform shelfops.wake_workers();
    end if;
end
$$;

-- Says why a job failed and when it is tried again, in place of the library's fixed delays, which all
-- jobs that failed together would share: the delay is drawn between half and all of what was asked for.
-- Without a delay it is not tried again: it is a dead letter.
create function shelfops.settle_failed_job(job_id bigint, reason text, delay interval)
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
