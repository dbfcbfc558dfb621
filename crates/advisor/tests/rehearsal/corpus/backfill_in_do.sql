-- expect: dangerous: are changed, and locked
do $$ begin
    update accounts set note = 'x' where note is null or note = 'noted';
end $$;
