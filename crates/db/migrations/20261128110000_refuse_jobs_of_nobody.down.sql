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
    return shelfops.put_job(tenant, kind, payload, queue_name, job_key, max_attempts, false);
end
$$;
