drop function shelfops.settle_failed_job(bigint, text, interval);
drop function shelfops.free_lost_jobs(text);
drop function shelfops.wake_workers_for_more();
drop function shelfops.wake_workers();
drop function shelfops.worker_lock(text);
drop function shelfops.enqueue_job(text, jsonb, text, text, integer);
drop function shelfops.put_job(uuid, text, jsonb, text, text, integer, boolean);
drop schema shelfops_queue cascade;
