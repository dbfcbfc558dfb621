drop function shelfops.finish_chunk(text, timestamptz, uuid[]);
drop function shelfops.prepare_chunk(text, timestamptz, uuid[], integer[]);
drop function shelfops.chunk_in_the_making(text, timestamptz);
drop function shelfops.is_of_days(integer[]);
drop function shelfops.check_and_index_chunk(text, text, uuid[]);
