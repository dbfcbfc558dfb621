-- Refuses a job that is told nothing. Null is no object, and passed as one, since a comparison with null is
-- neither true nor false; the tenant's id, put into null, is null, and the queue made an empty object of it.
-- So whoever may run SQL as the application role could put a job that belongs to nobody, as only the
-- platform's own do.
create or replace function shelfops.enqueue_job(
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
    return shelfops.put_job(
        tenant, kind, coalesce(payload, 'null'), queue_name, job_key, max_attempts, false);
end
$$;
