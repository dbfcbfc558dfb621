drop index api_keys_in_use;
