drop function shelfops.job_waits(text);
