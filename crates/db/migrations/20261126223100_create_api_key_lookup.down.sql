drop function shelfops.use_api_key(uuid, bytea);
