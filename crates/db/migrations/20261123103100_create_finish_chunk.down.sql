drop function shelfops.finish_chunk(text, timestamptz, uuid[]);
